defmodule Cantilever.Responsiveness.RunnerTest do
  use ExUnit.Case, async: true

  alias Cantilever.ChildVM
  alias Cantilever.Responsiveness.{CallTimeout, Runner}

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
          send(test, :ticked)
          for pid <- Process.list(), waits_in_work?(pid), do: send(pid, :enough)
        end
      )

      assert_received :ticked
    end

    test "kills what was started and what was linked when it ends or fails, while its owner lives on" do
      test = self()

      for work <- [fn -> :ok end, fn -> raise "no" end, fn -> Process.exit(self(), :kill) end] do
        outcome = catching(fn -> Runner.run(&start_some(&1, test, work)) end)
        assert outcome in [:ok, %RuntimeError{message: "no"}, :killed]
        assert_receive {:started, pids}
        for pid <- pids, do: assert_ends(pid)
      end
    end

    test "kills them when its tick fails" do
      test = self()

      tick = fn ->
        receive do
          {:started, pids} -> throw(pids)
        after
          0 -> :not_yet
        end
      end

      pids =
        catch_throw(Runner.run(fn runner -> start_some(runner, test, &wait_for_ever/0) end, tick))

      for pid <- pids, do: assert_ends(pid)
    end

    test "kills them when its owner is killed" do
      test = self()

      owner =
        spawn(fn -> Runner.run(fn runner -> start_some(runner, test, &wait_for_ever/0) end) end)

      assert_receive {:started, pids}
      Process.exit(owner, :kill)
      for pid <- [owner | pids], do: assert_ends(pid)
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

  describe "call/2" do
    test "returns what the function returns, from a process of its own that has ended" do
      assert Runner.run(fn runner ->
               pid = Runner.call(runner, fn -> self() end)
               {pid == self(), Process.alive?(pid)}
             end) == {false, false}
    end

    test "ends with the error of the function, and says when its process ended without one" do
      call = fn fun -> Runner.run(&Runner.call(&1, fun)) end
      assert_raise RuntimeError, "no", fn -> call.(fn -> raise "no" end) end
      assert catch_throw(call.(fn -> throw(:up) end)) == :up
      assert catch_exit(call.(fn -> exit(:down) end)) == :down
      assert catch_exit(call.(fn -> Process.exit(self(), :kill) end)) == {:call_ended, :killed}
      assert catch_exit(call.(fn -> Process.exit(self(), :normal) end)) == {:call_ended, :normal}
    end

    test "gives up a call that does not end in time, and kills it" do
      test = self()

      error =
        assert_raise CallTimeout, fn ->
          Runner.run(fn runner ->
            Runner.call(runner, fn -> send(test, {:calling, self()}) && wait_for_ever() end, 20)
          end)
        end

      assert Exception.message(error) == "the call did not end within 20 ms"
      assert_receive {:calling, pid}
      assert_ends(pid)
    end

    test "leaves alive what the function links to its process" do
      test = self()

      Runner.run(
        &Runner.call(&1, fn ->
          send(test, {:linked, spawn_link(fn -> receive do: (:stop -> send(test, :stopped)) end)})
        end)
      )

      assert_received {:linked, linked}
      send(linked, :stop)
      assert_receive :stopped
    end
  end

  # A VM that has little to do uses one scheduler, which is where all of these run.
  describe "run/2 and call/3, while native code holds a scheduler of an idle node," do
    setup do
      vm = ChildVM.start()
      on_exit(fn -> ChildVM.stop(vm) end)
      %{vm: vm}
    end

    test "call the tick", %{vm: vm} do
      ticks =
        ChildVM.eval(vm, """
        alias Cantilever.Responsiveness.Runner

        for _ <- 1..2 do
          ticks = :counters.new(1, [])
          hold = fn -> Cantilever.KitNif.hold_ms(1_000) end
          Runner.run(&Runner.call(&1, hold), fn -> :counters.add(ticks, 1, 1) end)
          :counters.get(ticks, 1)
        end
        """)

      assert Enum.all?(ticks, &(&1 >= 3))
    end

    test "give it up in time", %{vm: vm} do
      assert ChildVM.eval(vm, """
             alias Cantilever.Responsiveness.Runner
             ended = :counters.new(1, [])

             call = fn ->
               Cantilever.KitNif.hold_ms(3_000)
               :counters.add(ended, 1, 1)
             end

             try do
               Runner.run(&Runner.call(&1, call, 200))
             catch
               :error, error -> {error, :counters.get(ended, 1)}
             end
             """) == {%CallTimeout{timeout_ms: 200}, 0}
    end
  end

  # In a process of the runner's, and in one that is linked to the work; tells which all of them are.
  defp start_some(runner, test, work) do
    {started, _monitor} = Runner.start(runner, :low, &wait_for_ever/0)
    linked = spawn_link(&wait_for_ever/0)
    send(test, {:started, [self(), started, linked]})
    work.()
  end

  defp wait_for_ever, do: receive(do: (:never -> :ok))

  defp catching(fun) do
    fun.()
  rescue
    error -> error
  catch
    :exit, reason -> reason
  end

  defp assert_ends(pid) do
    monitor = Process.monitor(pid)
    assert_receive {:DOWN, ^monitor, :process, ^pid, _reason}
  end

  defp waits_in_work?(pid) do
    test = self()
    match?({:parent, ^test}, Process.info(pid, :parent))
  end
end
