Code.require_file("../../../bench/tail/variants.exs", __DIR__)

defmodule Cantilever.Bench.Tail.VariantsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Tail.Variants

  test "two schedulers leave one for a limit and for a smaller pool" do
    assert for(%{title: title} <- Variants.all(2), do: title) == [
             "DirtyCpu",
             "DirtyCpu, 1 at a time",
             "pool of 2",
             "pool of 2, 1 call at a time",
             "pool of 1",
             "pool of 2 that pauses",
             "pool of 2, nice 10",
             "pool of 2, nice 19"
           ]
  end

  test "beside Elixir, only the niceness of a whole pool differs" do
    assert for(%{title: title} <- Variants.beside_elixir(2), do: title) == [
             "pool of 2",
             "pool of 2, nice 10",
             "pool of 2, nice 19"
           ]
  end

  test "no two variants are the same, whatever the machine" do
    for schedulers <- [1, 2, 3, 16] do
      variants = Variants.all(schedulers)
      assert variants == Enum.uniq(variants)
      assert Enum.uniq_by(variants, & &1.title) == variants
      assert Enum.all?(variants, &(&1.threads >= 1))
    end
  end
end
