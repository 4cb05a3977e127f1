for file <- ~w(support/bench json/comparison json/goals) do
  Code.require_file("../../../bench/#{file}.exs", __DIR__)
end

defmodule Cantilever.Bench.JSON.GoalsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.JSON.Goals

  @documents ["a", "b"]

  # Samples of which the kit's take `ns`, and jiffy's and the floor's always the same.
  defp speed(ns) do
    samples =
      for name <- ["message" | @documents], {codec, ns} <- [kit: ns, jiffy: 400, floor: 50] do
        {{codec, name}, [ns, ns]}
      end

    %{decode: Map.new(samples), encode: Map.new(samples)}
  end

  defp goals(ns, codecs), do: Goals.of_speed(speed(ns), @documents, codecs)

  test "all of them are met by a fast codec, and none by a slow one" do
    assert length(goals(90, [:kit, :jiffy, :floor])) == 8
    assert Enum.all?(goals(90, [:kit, :jiffy, :floor]), & &1.met)
    refute Enum.any?(goals(500, [:kit, :jiffy, :floor]), & &1.met)
  end

  test "a single slow document is found" do
    speed = put_in(speed(90).decode[{:kit, "b"}], [200, 200])
    goals = Goals.of_speed(speed, @documents, [:kit, :jiffy, :floor])

    assert %{met: false, value: 2.0} =
             Enum.find(goals, &(&1.name == "decode: speed to jiffy's, least of a document"))
  end

  test "there are none of what is not there" do
    assert goals(90, [:jiffy, :floor]) == []
    assert length(goals(90, [:kit, :floor])) == 2
  end

  test "the yielding may cost a twentieth" do
    assert [%{met: true}] = Goals.of_slicing(%{sliced: [104, 104], unsliced: [100, 100]})
    assert [%{met: false}] = Goals.of_slicing(%{sliced: [107, 107], unsliced: [100, 100]})
  end

  test "memory is judged for the kit alone" do
    seen = [
      %{key: :jiffy, title: "jiffy", besides: 8.0},
      %{key: :kit, title: "kit", besides: 2.5}
    ]

    assert [%{met: true, name: "kit: " <> _}] = Goals.of_memory(seen)
  end
end
