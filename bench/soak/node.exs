defmodule Cantilever.Bench.Soak.Node do
  @moduledoc false
  # The child VM, seen from outside: starts it, listens to it, and notices when it dies or falls silent.

  @silence_ms 60_000
  @last_operations 30
  @most_failures 20

  @type ended :: :done | {:died, integer()} | :silent
  @type run :: %{
          ended: ended(),
          samples: [{non_neg_integer(), map(), map()}],
          rests: %{atom() => map()},
          failures: [String.t()],
          failure_count: non_neg_integer(),
          last: [String.t()]
        }

  # `on_sample` gets the time of each sample in ms, its figures and the numbers of operations done.
  @spec run([Path.t()], map(), (non_neg_integer(), map(), map() -> any())) :: run()
  def run(paths, options, on_sample) do
    port = start(paths)
    Port.command(port, :erlang.term_to_binary(options))

    listen(%{
      port: port,
      on_sample: on_sample,
      samples: [],
      rests: %{},
      failures: [],
      failure_count: 0,
      last: :queue.new(),
      latest: %{}
    })
  end

  defp start(paths) do
    arguments =
      ["-noinput", "-pa" | paths] ++ ["-run", "Elixir.Cantilever.Bench.Soak.Load", "main"]

    dump = Path.join(Mix.Project.build_path(), "bench/soak/erl_crash.dump")

    # Its messages come through descriptors of their own, so that what a crash prints goes where it should: to the terminal.
    Port.open({:spawn_executable, Path.join([:code.root_dir(), "bin", "erl"])}, [
      :binary,
      :nouse_stdio,
      :exit_status,
      packet: 4,
      args: arguments,
      env: [{~c"ERL_CRASH_DUMP", String.to_charlist(dump)}]
    ])
  end

  defp listen(%{port: port} = state) do
    receive do
      {^port, {:data, data}} -> data |> :erlang.binary_to_term() |> handle(state)
      {^port, {:exit_status, status}} -> finish(state, {:died, status})
    after
      @silence_ms ->
        kill(port)
        finish(state, :silent)
    end
  end

  defp handle({:operation, worker, number, kind, text}, state) do
    operation = "worker #{worker}, operation #{number}: #{kind} #{text}"

    listen(%{
      state
      | last: remember(state.last, operation),
        latest: Map.put(state.latest, worker, operation)
    })
  end

  defp handle({:sample, at_ms, figures, done}, state) do
    state.on_sample.(at_ms, figures, done)
    listen(%{state | samples: [{at_ms, figures, done} | state.samples]})
  end

  defp handle({:rest, name, figures}, state), do: listen(put_in(state.rests[name], figures))

  defp handle({:failure, text}, state) do
    IO.puts("FAILED: #{text}")
    failures = Enum.take(state.failures ++ [text], @most_failures)
    listen(%{state | failures: failures, failure_count: state.failure_count + 1})
  end

  defp handle(:done, %{port: port} = state) do
    receive do
      {^port, {:exit_status, 0}} -> finish(state, :done)
      {^port, {:exit_status, status}} -> finish(state, {:died, status})
    after
      @silence_ms ->
        kill(port)
        finish(state, :silent)
    end
  end

  defp remember(queue, operation) do
    queue = :queue.in(operation, queue)
    if :queue.len(queue) > @last_operations, do: :queue.drop(queue), else: queue
  end

  # What a worker was at when the node died need not be among the last operations of all.
  defp finish(state, ended) do
    under_way = for {_worker, operation} <- Enum.sort(state.latest), do: operation

    state
    |> Map.take([:rests, :failures, :failure_count])
    |> Map.merge(%{
      ended: ended,
      samples: Enum.reverse(state.samples),
      last: Enum.uniq(:queue.to_list(state.last) ++ under_way)
    })
  end

  defp kill(port) do
    case Port.info(port, :os_pid) do
      {:os_pid, pid} -> System.cmd("kill", ["-9", "#{pid}"])
      nil -> :gone
    end
  end
end
