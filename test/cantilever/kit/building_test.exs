defmodule Cantilever.Kit.BuildingTest do
  use ExUnit.Case, async: true

  import Cantilever.Eventually

  alias Cantilever.{KitNif, NativePanic}

  @modules [KitNif, KitNif.EveryCheckpoint]

  describe "a term that is built piece by piece" do
    test "is what was pushed, on the caller's heap and on one of its own" do
      source = String.duplicate("s", 100)
      part = String.duplicate("s", 98)

      for module <- @modules, external <- [{:tuple, 1}, [1.5, "x"], %{a: 1}] do
        encoded = :erlang.term_to_binary(external)

        # What has no elements pushes none.
        elements = if is_tuple(external), do: Tuple.to_list(external), else: []

        expected =
          [-0x8000_0000_0000_0000, 1.5, "bytes", "encoded", "built", :ok, :é, part, external] ++
            elements ++ [{1, 2}, [1, 3], [{4, 5}], 7, 6]

        assert module.build_each(source, encoded) == expected
        tag = make_ref()
        assert module.build_own_each(source, encoded, tag) == :sent
        assert_received {^tag, ^expected}
      end
    end

    test "may be a map of any size, with the last of each key" do
      for count <- [0, 1, 2, 31, 32, 33, 100, 5_000] do
        keys = Enum.shuffle(1..count//1)
        expected = keys |> Enum.with_index() |> Map.new()
        assert KitNif.build_map(keys) == {expected, false}

        if count > 0 do
          twice = keys ++ Enum.shuffle(keys)
          assert KitNif.build_map(twice) == {twice |> Enum.with_index() |> Map.new(), true}
        end
      end

      assert KitNif.build_map(List.duplicate(7, 10_000)) == {%{7 => 9_999}, true}
    end

    test "may be of the elements of an encoded tuple" do
      for arity <- [0, 1, 5, 300] do
        elements = Enum.to_list(1..arity//1)
        encoded = elements |> List.to_tuple() |> :erlang.term_to_binary()
        assert KitNif.build_elements(encoded, []) == elements
        {without, left} = Enum.split_with(elements, &(rem(&1, 3) == 0 or &1 == 1))
        assert KitNif.build_elements(encoded, Enum.map(without, &(&1 - 1))) == left
      end
    end

    test "needs as many values as are taken" do
      error = assert_raise NativePanic, fn -> KitNif.build_from_nothing() end
      assert error.message =~ "2 values were to be taken from a stack of 1"
    end
  end

  describe "a term on a heap of its own" do
    test "reaches its caller as a message, however long that takes" do
      for module <- @modules, last <- [0, 1, 99, 100, 20_000] do
        tag = {:any, ["term", make_ref()]}
        assert module.build_own_list(last, tag) == :sent
        expected = Enum.to_list(1..last//1)
        assert_received {^tag, ^expected}
      end

      assert KitNif.build_own_list(-1, :tag) == "nothing"
      assert_received {:tag, []}
    end

    test "outlives collections of the caller's heap" do
      tag = make_ref()
      test = self()

      {pid, monitor} =
        spawn_monitor(fn ->
          :sent = KitNif.EveryCheckpoint.build_own_list(50_000, tag)
          receive do: ({^tag, list} -> send(test, {:sum, Enum.sum(list)}))
        end)

      Cantilever.Collecting.collect_until_dead(pid)
      assert_receive {:DOWN, ^monitor, _, _, :normal}
      assert_receive {:sum, 1_250_025_000}
    end

    test "is freed with its caller" do
      before = :erlang.memory(:total)

      for _ <- 1..50 do
        {pid, monitor} = spawn_monitor(fn -> KitNif.build_own_list(5_000_000, :tag) end)

        eventually(fn ->
          match?({:reductions, spent} when spent > 100_000, Process.info(pid, :reductions))
        end)

        Process.exit(pid, :kill)
        assert_receive {:DOWN, ^monitor, _, _, :killed}
      end

      eventually(fn -> :erlang.memory(:total) < before + 50_000_000 end)
    end
  end

  describe "work that is offloaded" do
    test "runs on a dirty scheduler, up to the next checkpoint" do
      for module <- @modules, slices <- [0, 1, 10_000] do
        assert module.offload_kinds(slices) == ["normal", "dirty_cpu", "normal"]
      end
    end

    test "may be the last of its call" do
      for module <- @modules, do: assert(module.offload_sum(Enum.to_list(1..100)) == 5_050)
    end

    test "panics in its caller" do
      for module <- @modules do
        assert_raise NativePanic, ~r/offloaded/, fn -> module.offload_panic() end
      end

      assert KitNif.offload_kinds(0) == ["normal", "dirty_cpu", "normal"]
    end
  end
end
