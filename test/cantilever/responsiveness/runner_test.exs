defmodule Cantilever.Responsiveness.RunnerTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.Runner

  describe "run/2" do
    test "returns what the work returns, from a process of its own" do
      test = self()
      assert {:result, pid} = Runner.run(fn _runner -> {:result, self()} end)
      assert pid != test
    end

    test "ends with the error of the work" do
      assert_raise RuntimeError, "no", fn -> Runner.run(fn _runner -> raise "no" end) end
      assert catch_throw(Runner.run(fn _runner -> throw(:up) end)) == :up
      assert catch_exit(Runner.run(fn _runner -> exit(:down) end)) == :down
    end

    test "ends when its process is killed" do
      assert catch_exit(Runner.run(fn _runner -> Process.exit(self(), :kill) end)) == :killed
    end

    test "calls the tick while it waits" do
      test = self()

      Runner.run(
        fn _runner -> receive do: (:enough -> :ok) end,
        fn ->
          {:links, _links} = Process.info(self(), :links)
          send(test, :ticked)
          for pid <- Process.list(), waits_in_work?(pid), do: send(pid, :enough)
        end
      )

      assert_received :ticked
    end

    test "kills what was started and what was linked when it ends, fails or is killed with its owner" do
      works = [
        fn _runner -> :ok end,
        fn _runner -> raise "no" end,
        fn _runner -> receive do: (:never -> :ok) end
      ]

      for work <- works do
        test = self()

        {owner, monitor} =
          spawn_monitor(fn ->
            try do
              Runner.run(fn runner ->
                {pid, _monitor} =
                  Runner.start(runner, :low, fn -> receive do: (:never -> :ok) end)

                linked = spawn_link(fn -> receive do: (:never -> :ok) end)
                send(test, {:started, self(), pid, linked})
                work.(runner)
              end)
            rescue
              RuntimeError -> :failed
            end
          end)

        assert_receive {:started, pid, started, linked}
        pids = for pid <- [pid, started, linked], do: {pid, Process.monitor(pid)}
        Process.exit(owner, :kill)
        assert_receive {:DOWN, ^monitor, :process, ^owner, _reason}
        for {pid, monitor} <- pids, do: assert_receive({:DOWN, ^monitor, :process, ^pid, _reason})
      end
    end

    test "leaves no message of its own behind" do
      Runner.run(fn runner -> Runner.start(runner, :normal, fn -> :ok end) end)

      assert_raise RuntimeError, fn ->
        Runner.run(fn _runner -> receive do: (:never -> :ok) end, fn -> raise "no" end)
      end

      assert Process.info(self(), :messages) == {:messages, []}
    end
  end

  describe "start/3" do
    test "monitors, and sets the priority before anything runs" do
      assert Runner.run(fn runner ->
               to = self()

               {pid, monitor} =
                 Runner.start(runner, :low, fn ->
                   send(to, Process.info(self(), [:priority, :links]))
                 end)

               receive do
                 {:DOWN, ^monitor, :process, ^pid, :normal} -> :ok
               end

               receive do: (info -> info)
             end) == [priority: :low, links: []]
    end
  end

  defp waits_in_work?(pid) do
    test = self()
    match?({:parent, ^test}, Process.info(pid, :parent))
  end
end
