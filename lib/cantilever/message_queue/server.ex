defmodule Cantilever.MessageQueue.Server do
  @moduledoc false
  # The process of a queue: the shell around the pure `State`. It never waits for anything, so that a sender is told within
  # microseconds that the queue is full, also while a commit takes seconds.

  use GenServer

  require Logger

  alias Cantilever.MessageQueue.Committer
  alias Cantilever.MessageQueue.Item
  alias Cantilever.MessageQueue.Options
  alias Cantilever.MessageQueue.State

  # A process that waits for work gives the memory of the last rush back.
  @hibernate_after_ms 5_000

  @enforce_keys [:state, :committer]
  defstruct [:state, :committer, :timer, timer_at: :infinity]

  @spec start_link(Options.t()) :: GenServer.on_start()
  def start_link(%Options{name: name} = options) do
    named = if name, do: [name: name], else: []
    GenServer.start_link(__MODULE__, options, [hibernate_after: @hibernate_after_ms] ++ named)
  end

  @impl GenServer
  def init(options) do
    Process.flag(:trap_exit, true)

    # Messages wait in the mailbox only for moments, but many may come in one; kept off the heap, no collection copies them.
    Process.flag(:message_queue_data, :off_heap)
    {:ok, %__MODULE__{state: State.new(options), committer: Committer.start_link(options.commit)}}
  end

  @impl GenServer
  def handle_call({:put, message, options}, from, server), do: put(server, message, options, from)
  def handle_call(:info, _from, server), do: {:reply, State.info(server.state, now()), server}

  @impl GenServer
  def handle_cast({:put, message, options}, server),
    do: put(server, message, options, options.reply_to)

  @impl GenServer
  def handle_info({:committed, committer, outcome}, %{committer: committer} = server),
    do: {:noreply, server |> settle(outcome) |> proceed()}

  def handle_info({:EXIT, committer, reason}, %{committer: committer} = server) do
    server = %{server | committer: Committer.start_link(server.state.options.commit)}
    server = if running?(server), do: settle(server, {:lost, {:exit, reason}, []}), else: server
    {:noreply, proceed(server)}
  end

  def handle_info({:timeout, timer, :wake}, %{timer: timer} = server),
    do: {:noreply, proceed(%{server | timer: nil, timer_at: :infinity})}

  # Timers that came too late, and exits of processes that somebody linked to this one.
  def handle_info(_message, server), do: {:noreply, server}

  @impl GenServer
  def terminate(reason, server) do
    server = %{server | state: State.close(server.state)}

    server =
      if orderly?(reason),
        do: drain(server, now() + server.state.options.drain_timeout_ms),
        else: server

    Process.unlink(server.committer)
    Process.exit(server.committer, :kill)
    server |> answer(&State.give_up/1) |> refuse_rest()
  end

  defp orderly?(reason), do: reason in [:normal, :shutdown] or match?({:shutdown, _}, reason)

  # The callbacks go on by hand: the loop that would call them has ended.
  defp drain(server, deadline) do
    server = proceed(server)
    left = deadline - now()

    if State.empty?(server.state) or left <= 0 do
      server
    else
      receive do
        {:"$gen_call", from, request} when request == :info or elem(request, 0) == :put ->
          request |> handle_call(from, server) |> next(from)

        {:"$gen_cast", {:put, _, _} = request} ->
          request |> handle_cast(server) |> next(nil)

        message when elem(message, 0) in [:committed, :EXIT, :timeout] ->
          message |> handle_info(server) |> next(nil)
      after
        left -> server
      end
      |> drain(deadline)
    end
  end

  defp next({:noreply, server}, _from), do: server

  defp next({:reply, reply, server}, from) do
    GenServer.reply(from, reply)
    server
  end

  # Who has asked in the last moment would else have to take its message for one that may have been stored.
  defp refuse_rest(server) do
    receive do
      {:"$gen_call", from, {:put, _, _} = request} ->
        request |> handle_call(from, server) |> next(from) |> refuse_rest()

      {:"$gen_cast", {:put, _, _} = request} ->
        request |> handle_cast(server) |> next(nil) |> refuse_rest()
    after
      0 -> :ok
    end
  end

  defp put(server, message, options, from) do
    now = now()

    case State.put(server.state, Item.new(message, from, options, now)) do
      {:ok, state} ->
        {:noreply, proceed(%{server | state: state}, now)}

      {:error, error} ->
        if from, do: GenServer.reply(from, {:error, error})
        {:noreply, server}
    end
  end

  defp settle(server, {:stored, answers}) do
    if server.state.failures > 0, do: Logger.info("#{title(server)} stores messages again")
    answer(server, &State.stored(&1, answers))
  end

  defp settle(%{state: state} = server, {:failed, reason}) do
    if state.failures == 0 do
      Logger.warning(
        "#{title(server)} cannot store messages and goes on trying: #{shown(reason)}"
      )
    end

    %{server | state: State.failed(state, reason, now(), :rand.uniform())}
  end

  defp settle(server, {:lost, cause, stacktrace}) do
    Logger.error([
      "#{title(server)} cannot tell whether its messages were stored: #{shown(cause)}",
      if(stacktrace == [], do: "", else: ["\n", Exception.format_stacktrace(stacktrace)])
    ])

    answer(server, &State.lost(&1, cause))
  end

  defp proceed(server, now \\ now()) do
    server = answer(server, &State.expire(&1, now))

    case State.start(server.state, now) do
      {messages, state} ->
        :ok = Committer.commit(server.committer, messages)
        arm(%{server | state: state}, now)

      :none ->
        arm(server, now)
    end
  end

  defp answer(server, change) do
    {answers, state} = change.(server.state)
    Enum.each(answers, fn {from, answer} -> GenServer.reply(from, answer) end)
    %{server | state: state}
  end

  # A timer that is due earlier than it need be stays: setting one for each message would cost more.
  defp arm(server, now) do
    at = State.wake_at(server.state, now)

    if server.timer_at <= at do
      server
    else
      _ = if server.timer, do: :erlang.cancel_timer(server.timer)
      timer = :erlang.start_timer(at, self(), :wake, abs: true)
      %{server | timer: timer, timer_at: at}
    end
  end

  defp running?(%{state: %{batch: batch}}), do: batch != nil and batch.running?

  defp title(%{state: %{options: %{name: nil}}}), do: "the message queue #{inspect(self())}"
  defp title(%{state: %{options: %{name: name}}}), do: "the message queue #{inspect(name)}"

  defp shown(reason) when is_exception(reason),
    do: Exception.format_banner(:error, reason)

  defp shown(reason), do: inspect(reason, limit: 20, printable_limit: 500)

  defp now, do: System.monotonic_time(:millisecond)
end
