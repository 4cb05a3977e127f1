defmodule Cantilever.Bench.Chat.Scale do
  @moduledoc false
  # A million connections in ten thousand rooms on one node, and a storm of leaving.

  alias Cantilever.Bench
  alias Cantilever.Bench.Chat.Population
  alias Cantilever.Bench.Machine
  alias Cantilever.Chat
  alias Cantilever.Chat.Config

  @ticks_ms 2
  @others 10

  @spec run(boolean) :: {[Bench.result()], [Bench.goal()]}
  def run(quick?) do
    {idle_results, idle_goals} = idle(if quick?, do: 50_000, else: 1_000_000)
    {leave_results, leave_goals} = leave(if quick?, do: 10_000, else: 50_000)
    {idle_results ++ leave_results, idle_goals ++ leave_goals}
  end

  defp idle(count) do
    if :erlang.system_info(:process_limit) < 2 * count,
      do: raise("too few processes are allowed: start the VM with +P 4194304, as bin/bench does")

    before = {:erlang.memory(:total), Machine.resident_bytes() || 0}
    begun = System.monotonic_time(:millisecond)
    hibernate_ms = 2_000

    population =
      Population.start(
        connections: count,
        rooms: div(count, 100),
        hibernate_after_ms: hibernate_ms
      )

    joined_s = (System.monotonic_time(:millisecond) - begun) / 1_000
    wait_until_all_hibernate(2 * hibernate_ms)
    {memory, resident} = before
    each = (:erlang.memory(:total) - memory) / count
    resident_each = ((Machine.resident_bytes() || 0) - resident) / count
    Population.stop(population)

    {[
       Bench.result("#{count} connections in rooms of 100: joining", [joined_s], "s"),
       Bench.result("an idle connection, all that the VM holds", [each], "B"),
       Bench.result("an idle connection, resident", [resident_each], "B")
     ],
     [
       Bench.goal("joining 1,000,000 (s)", joined_s * 1_000_000 / count, "<=", 120),
       Bench.goal("an idle connection in a room, everything counted (B)", each, "<=", 3_072)
     ]}
  end

  # Until the memory falls no more.
  defp wait_until_all_hibernate(pause_ms) do
    before = :erlang.memory(:processes)
    receive after: (pause_ms -> :ok)
    if :erlang.memory(:processes) < 0.999 * before, do: wait_until_all_hibernate(pause_ms)
  end

  # All members of one room close at once, half as many and all of them; others talk in another room.
  defp leave(count) do
    population = Population.empty()
    Population.join(population, 1..@others, fn _ -> "others" end)
    idle = ticks(population, fn -> receive after: (2_000 -> :ok) end)

    {half_ms, _ticks} = storm(population, div(count, 2))
    {all_ms, ticks} = storm(population, count)
    Population.stop(population)

    {[
       Bench.result("#{div(count, 2)} leave one room at once", [half_ms], "ms"),
       Bench.result("#{count} leave one room at once", [all_ms], "ms"),
       Bench.result("others' round trip meanwhile, p99", [Bench.quantile(ticks, 0.99)], "ms"),
       Bench.result("others' round trip before, p99", [Bench.quantile(idle, 0.99)], "ms")
     ],
     [
       Bench.goal("twice as many leave: time", all_ms / half_ms, "<=", 2.5),
       Bench.goal("#{count} leave one room at once (ms)", all_ms, "<=", 2_000),
       Bench.goal("others' round trip meanwhile, p99 (ms)", Bench.quantile(ticks, 0.99), "<=", 20)
     ]}
  end

  defp storm(population, count) do
    owner = spawn(fn -> receive do: (:leave -> :ok) end)
    Population.join(population, 1_000_001..(1_000_000 + count), fn _ -> "crowd" end, owner)
    {:ok, members} = Chat.members(population.chat, "crowd")
    ^count = length(members)

    test = self()

    ticks =
      ticks(population, fn ->
        begun = System.monotonic_time(:microsecond)
        send(owner, :leave)
        until_empty(population)
        send(test, {:took, (System.monotonic_time(:microsecond) - begun) / 1_000})
      end)

    receive do: ({:took, ms} -> {ms, ticks})
  end

  # Asking for all members costs more than their leaving, so it comes last.
  defp until_empty(population) do
    connections = Registry.count(Config.fetch!(population.chat).user_registry)

    if connections > @others or Chat.members(population.chat, "crowd") != {:ok, []},
      do: receive(after: (1 -> until_empty(population))),
      else: :ok
  end

  # The acknowledged round trips, in ms, of somebody in another room while `fun` runs.
  defp ticks(population, fun) do
    task = Task.async(fun)
    ticks = tick(population, task, [])
    Task.await(task, :infinity)
    ticks
  end

  defp tick(population, task, ticks) do
    begun = System.monotonic_time(:microsecond)
    {:ok, _seq} = Chat.broadcast(population.chat, "others", "ann", "tick")
    ticks = [(System.monotonic_time(:microsecond) - begun) / 1_000 | ticks]

    if Process.alive?(task.pid),
      do: receive(after: (@ticks_ms -> tick(population, task, ticks))),
      else: ticks
  end
end
