defmodule Cantilever.Kit.ContinuingTest do
  # A panic in a drop is logged.
  use ExUnit.Case, async: true

  @moduletag :capture_log

  alias Cantilever.KitNif
  alias Cantilever.KitNif.EveryCheckpoint
  alias Cantilever.NativePanic
  alias Cantilever.TermGenerator

  describe "a continuation" do
    test "gets the terms that it has kept, and builds on them" do
      TermGenerator.seed(1)
      list = for _ <- 1..2000, do: TermGenerator.leaf()
      assert EveryCheckpoint.continue_rebuild(list) == list
      assert KitNif.continue_rebuild(list) == list
      assert KitNif.continue_rebuild([]) == []
    end

    test "gets them moved, if the process is collected between its slices" do
      parent = self()

      pids =
        for seed <- 1..4 do
          spawn_link(fn ->
            TermGenerator.seed(seed)
            list = for i <- 1..1000, do: {i, TermGenerator.binary()}
            send(parent, {:begins, self()})
            rebuilt = EveryCheckpoint.continue_rebuild(list)
            send(parent, {self(), rebuilt == list})
          end)
        end

      for pid <- pids, do: assert_receive({:begins, ^pid}, 60_000)
      collect_until_done(pids)
    end

    test "takes as many steps as it wants, and ends in any" do
      for steps <- [1, 2, 3, 100] do
        assert KitNif.continue_steps(steps, [:kept]) == {steps, [:kept]}
        assert EveryCheckpoint.continue_steps(steps, %{}) == {steps, %{}}
      end
    end

    test "may be in a result, whose error its caller gets" do
      assert KitNif.continue_result(true, 1) == {:error, "refused"}
      assert KitNif.continue_result(false, 1) == {3, 1}
    end

    test "is charged reductions for the time that it takes" do
      before = reductions()
      # Each step is a slice of 4,000 reductions.
      KitNif.continue_steps(100, 0)
      assert reductions() - before > 100_000
    end

    test "lets other processes of its scheduler run" do
      endless = fn -> KitNif.endless_continuation(<<1>>, 0) end
      spinners = for _ <- 1..(System.schedulers_online() * 4), do: spawn(endless)

      assert Enum.map(1..100, fn i -> Task.await(Task.async(fn -> i end)) end) ==
               Enum.to_list(1..100)

      Enum.each(spinners, &Process.exit(&1, :kill))
    end

    test "runs in 10,000 processes at once" do
      tasks = for i <- 1..10_000, do: Task.async(fn -> EveryCheckpoint.continue_steps(5, i) end)
      assert Task.await_many(tasks, 60_000) == for(i <- 1..10_000, do: {5, i})
    end
  end

  describe "a panic of a continuation" do
    test "is an exception with its message and place, in the first step and in later ones" do
      for steps <- [1, 2, 1000] do
        message = "in step #{steps}"

        assert %NativePanic{message: ^message, line: line, file: file} =
                 catch_error(EveryCheckpoint.continue_panic(steps, [1]))

        assert line > 0
        assert Path.basename(file) == "continuing.rs"
      end

      assert KitNif.continue_steps(2, 1) == {2, 1}
    end

    test "while it is dropped is raised in the first step, and costs nothing after it" do
      assert %NativePanic{message: "in drop"} = catch_error(KitNif.continue_panic_drop(1, 1))
      assert KitNif.continue_panic_drop(2, 1) == {2, 1}
    end
  end

  defp collect_until_done([]), do: :ok

  defp collect_until_done(pids) do
    Enum.each(pids, &:erlang.garbage_collect/1)

    receive do
      {pid, same?} when is_boolean(same?) ->
        assert same?
        collect_until_done(List.delete(pids, pid))
    after
      0 -> collect_until_done(pids)
    end
  end

  defp reductions do
    {:reductions, reductions} = Process.info(self(), :reductions)
    reductions
  end
end
