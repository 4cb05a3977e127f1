defmodule MyApp.FractalsTest do
  use ExUnit.Case, async: true

  doctest MyApp.Fractals

  describe "plan/2" do
    test "gives every picture a name of its own" do
      names = for %{name: name} <- MyApp.Fractals.plan(40, {30, 20}), do: name
      assert length(Enum.uniq(names)) == 40
    end

    test "can be a single picture" do
      assert [%{width: 30, height: 20, iterations: 100}] = MyApp.Fractals.plan(1, {30, 20})
    end

    test "has pictures of three shapes" do
      shapes = for %{width: w, height: h} <- MyApp.Fractals.plan(6, {30, 20}), do: {w, h}
      assert shapes == [{30, 20}, {20, 30}, {20, 20}, {30, 20}, {20, 30}, {20, 20}]
    end
  end
end
