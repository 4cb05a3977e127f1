defmodule MyApp.Work.Manager do
  @moduledoc false
  # Starts the callers and ends them: when it is told to, when others are wanted, and when the time is over.

  use GenServer

  alias MyApp.Work

  @typep run :: %{
           mode: Work.mode(),
           callers: pos_integer(),
           by: String.t() | nil,
           alive: %{reference() => pid()},
           counter: :counters.counters_ref(),
           timer: reference()
         }

  @typep t :: %{
           callers: GenServer.name(),
           options: map(),
           run: run() | nil,
           rested_at_ms: integer() | nil
         }

  @spec start_link({GenServer.name(), GenServer.name(), map()}) :: GenServer.on_start()
  def start_link({name, callers, options}),
    do: GenServer.start_link(__MODULE__, {callers, options}, name: name)

  @impl GenServer
  def init({callers, options}),
    do: {:ok, %{callers: callers, options: options, run: nil, rested_at_ms: nil}}

  @impl GenServer
  def handle_call({:start, mode, callers, by}, _from, %{options: options} = state) do
    cond do
      not Map.has_key?(options.jobs, mode) ->
        refuse(state, :invalid_work, "there is no mode #{inspect(mode)}")

      not is_integer(callers) or callers not in 1..options.max_callers ->
        refuse(
          state,
          :invalid_work,
          "the number of callers is an integer from 1 to #{options.max_callers}"
        )

      mode == :plain and rest_ms(state) > 0 ->
        refuse(
          state,
          :overloaded,
          "a plain NIF has stopped the node a moment ago: wait for #{ceil(rest_ms(state) / 1_000)} s"
        )

      true ->
        state = state |> end_run() |> start_run(mode, callers, by)
        {:reply, {:ok, status(state)}, state}
    end
  end

  def handle_call(:stop, _from, state), do: {:reply, :ok, end_run(state)}
  def handle_call(:status, _from, state), do: {:reply, status(state), state}

  @impl GenServer
  def handle_info({:timeout, timer, :over}, %{run: %{timer: timer}} = state),
    do: {:noreply, end_run(state)}

  def handle_info({:DOWN, monitor, :process, _pid, _reason}, %{run: %{} = run} = state) do
    alive = Map.delete(run.alive, monitor)
    state = %{state | run: %{run | alive: alive}}
    {:noreply, if(alive == %{}, do: end_run(state), else: state)}
  end

  # Of a run that has ended meanwhile.
  def handle_info(_late, state), do: {:noreply, state}

  @spec start_run(t(), Work.mode(), pos_integer(), String.t() | nil) :: t()
  defp start_run(%{options: options} = state, mode, callers, by) do
    counter = :counters.new(1, [:write_concurrency])
    shares = shares(mode, callers, options)
    job = Map.fetch!(options.jobs, mode)

    alive =
      for calls <- shares, into: %{} do
        {:ok, pid} =
          Task.Supervisor.start_child(state.callers, fn -> call(job, counter, calls) end)

        {Process.monitor(pid), pid}
      end

    run = %{
      mode: mode,
      callers: length(shares),
      by: by,
      alive: alive,
      counter: counter,
      timer: :erlang.start_timer(options.max_ms, self(), :over)
    }

    rested_at_ms =
      if mode == :plain, do: now_ms() + options.plain_rest_ms, else: state.rested_at_ms

    %{state | run: run, rested_at_ms: rested_at_ms}
  end

  # How many calls each caller makes.
  defp shares(:plain, callers, %{plain_calls: calls}) do
    callers = min(callers, calls)
    for i <- 1..callers, do: div(calls, callers) + if(i <= rem(calls, callers), do: 1, else: 0)
  end

  defp shares(_mode, callers, _options), do: List.duplicate(:infinity, callers)

  defp call(_job, _counter, 0), do: :ok

  defp call(job, counter, calls) do
    _ = job.()
    :counters.add(counter, 1, 1)
    call(job, counter, if(calls == :infinity, do: calls, else: calls - 1))
  end

  defp end_run(%{run: nil} = state), do: state

  defp end_run(%{run: run} = state) do
    _left_ms = :erlang.cancel_timer(run.timer)

    for {monitor, pid} <- run.alive do
      Process.demonitor(monitor, [:flush])
      Process.exit(pid, :kill)
    end

    %{state | run: nil}
  end

  defp status(%{run: nil}), do: Work.idle()

  defp status(%{run: run}) do
    left_ms = :erlang.read_timer(run.timer)

    %{
      mode: run.mode,
      callers: run.callers,
      calls: :counters.get(run.counter, 1),
      by: run.by,
      left_ms: if(is_integer(left_ms), do: left_ms, else: 0)
    }
  end

  defp rest_ms(%{rested_at_ms: nil}), do: 0
  defp rest_ms(%{rested_at_ms: at_ms}), do: max(at_ms - now_ms(), 0)

  defp refuse(state, reason, message), do: {:reply, {:error, {reason, message}}, state}

  defp now_ms, do: System.monotonic_time(:millisecond)
end
