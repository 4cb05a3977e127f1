defmodule Cantilever.Chat.Socket.Requests do
  @moduledoc false
  # What a client waits for: messages on their way to the store, and tasks. The process of the socket waits for none of them.

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Entry
  alias Cantilever.Chat.Error
  alias Cantilever.Chat.Post
  alias Cantilever.Chat.Socket.Options
  alias Cantilever.Chat.Socket.Protocol

  # What a room that restarts has, before its sender is told that it is not there.
  @patience_ms 50
  @post_ms 5_000

  @typedoc "Whom to answer, or which join has been authorized."
  @type asked ::
          {Protocol.refs(), topic :: String.t()}
          | {:authorized, Protocol.request(), last_seq :: non_neg_integer | nil}

  @type request :: {Post.t() | Task.t(), asked, timer :: reference}
  @type t :: %{reference => request}

  @type answer :: :ok | {:ok, term} | {:error, {reason :: atom, message :: String.t()}}

  @doc "Whether a client may have another one."
  @spec room_for_one_more(t, Options.t()) :: :ok | {:error, {:overloaded, String.t()}}
  def room_for_one_more(requests, %{max_requests: limit}) when map_size(requests) < limit, do: :ok

  def room_for_one_more(_requests, %{max_requests: limit}) do
    {:error,
     {:overloaded,
      "#{limit} requests of this client wait for their answer, as max_requests allows"}}
  end

  @doc "Sends a message to be stored."
  @spec post(t, Config.t(), Entry.t(), asked) :: {:ok, t} | {:error, Error.t()}
  def post(requests, config, entry, asked),
    do: post(requests, config, entry, asked, System.monotonic_time(:millisecond) + @post_ms)

  defp post(requests, config, entry, asked, deadline_ms) do
    patience_ms = min(deadline_ms, System.monotonic_time(:millisecond) + @patience_ms)

    with {:ok, post} <- Post.begin(config, entry, deadline_ms, patience_ms),
         do: {:ok, put(requests, post, asked, Post.wait_ms(post))}
  end

  @doc "Runs a function in a process of its own, which ends with the calling one."
  @spec run(t, asked, pos_integer, (() -> answer)) :: t
  def run(requests, asked, timeout_ms, function) do
    task = Task.Supervisor.async(Cantilever.TaskSupervisor, function)
    put(requests, task, asked, timeout_ms)
  end

  # A process that ends normally takes none of those along that are linked to it.
  @doc "Ends what is under way. What is on its way to the store stays on it."
  @spec cancel(t) :: :ok
  def cancel(requests) do
    for {_ref, {%Task{pid: pid}, _asked, _timer}} <- requests, do: Process.exit(pid, :kill)
    :ok
  end

  defp put(requests, waiting, asked, timeout_ms) do
    timer = Process.send_after(self(), {:request_timeout, waiting.ref}, timeout_ms)
    Map.put(requests, waiting.ref, {waiting, asked, timer})
  end

  @doc "What a message means for the requests: `:none` if it is about none of them."
  @spec handle(t, Config.t(), term) :: {:answer, asked, answer, t} | {:ok, t} | :none
  def handle(requests, config, {[:alias | ref], _answer} = message)
      when is_map_key(requests, ref),
      do: about_post(requests, config, ref, message)

  def handle(requests, _config, {ref, result}) when is_map_key(requests, ref) do
    Process.demonitor(ref, [:flush])
    answer(requests, ref, result)
  end

  def handle(requests, config, {:DOWN, ref, _, _, reason} = message)
      when is_map_key(requests, ref) do
    case requests do
      %{^ref => {%Task{}, _asked, _timer}} -> answer(requests, ref, crashed(reason))
      _post -> about_post(requests, config, ref, message)
    end
  end

  def handle(requests, config, {:DOWN, monitor, _, _, _} = message) do
    case Enum.find(requests, &match?({_ref, {%Post{queue_monitor: ^monitor}, _, _}}, &1)) do
      {ref, _request} -> about_post(requests, config, ref, message)
      nil -> :none
    end
  end

  def handle(requests, _config, {:request_timeout, ref}) do
    case requests do
      %{^ref => {%Task{} = task, _asked, _timer}} ->
        _ = Task.shutdown(task, :brutal_kill)
        answer(requests, ref, {:error, {:timeout, "the answer took too long and was given up"}})

      %{^ref => {post, _asked, _timer}} ->
        answer(requests, ref, Post.give_up(post))

      _answered ->
        {:ok, requests}
    end
  end

  def handle(_requests, _config, _other), do: :none

  defp about_post(requests, config, ref, message) do
    {post, asked, timer} = Map.fetch!(requests, ref)

    case Post.handle(post, message) do
      :wait ->
        {:ok, requests}

      {:done, result} ->
        answer(requests, ref, result)

      :again ->
        _ = Process.cancel_timer(timer)
        requests = Map.delete(requests, ref)

        case post(requests, config, post.entry, asked, post.deadline_ms) do
          {:ok, requests} -> {:ok, requests}
          {:error, error} -> {:answer, asked, reason({:error, error}), requests}
        end
    end
  end

  defp answer(requests, ref, result) do
    {{_waiting, asked, timer}, requests} = Map.pop!(requests, ref)
    _ = Process.cancel_timer(timer)
    {:answer, asked, reason(result), requests}
  end

  defp reason({:ok, seq}) when is_integer(seq), do: {:ok, %{seq: seq}}

  defp reason({:error, reason}), do: {:error, Protocol.reason(reason)}
  defp reason(answer), do: answer

  # What has crashed is logged by the task itself, and is not the client's to read.
  defp crashed(_reason), do: {:error, {:crashed, "what was to answer has crashed"}}
end
