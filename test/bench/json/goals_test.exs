for file <- ~w(support/bench json/comparison json/goals) do
  Code.require_file("../../../bench/#{file}.exs", __DIR__)
end

Code.require_file("../support/cells.exs", __DIR__)

defmodule Cantilever.Bench.JSON.GoalsTest do
  use ExUnit.Case, async: true

  import Cantilever.BenchCells, only: [figures: 1]

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

  test "of the rounds the quietest counts, and only the kit's" do
    quiet = %{
      key: :kit,
      title: "kit",
      figures: figures(p99_us: [900, 250, 800], p999_us: [1_900, 3_000]),
      slices_ms: [3.0, 0.02]
    }

    assert [0.25, 1.9, 0.02] = Enum.map(Goals.of_neighbours([quiet]), & &1.value)
    assert Enum.all?(Goals.of_neighbours([quiet]), & &1.met)

    refute Enum.any?(
             Goals.of_neighbours([
               %{quiet | slices_ms: [1.1], figures: figures(p99_us: 301, p999_us: 2_001)}
             ]),
             & &1.met
           )

    assert Goals.of_neighbours([%{quiet | key: :jiffy}]) == []
    assert %{met: false} = List.last(Goals.of_neighbours([%{quiet | slices_ms: [0.0, 0.0]}]))
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
