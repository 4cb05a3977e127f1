defmodule Cantilever.JSONTest do
  use ExUnit.Case, async: true

  alias Cantilever.{JSON, JSONDocuments}

  doctest Cantilever.JSON
  doctest Cantilever.JSON.Fragment
  doctest Cantilever.JSON.OrderedObject

  test "what was written is read again" do
    for seed <- 1..300 do
      :rand.seed(:exsss, seed)
      value = JSONDocuments.value()

      for options <- [[], [pretty: true], [escape: :html], [escape: :unicode]] do
        text = JSON.encode!(value, options)
        assert {seed, options, JSON.decode!(text)} == {seed, options, value}
        assert IO.iodata_to_binary(JSON.encode_to_iodata!(value, options)) == text
      end

      text = IO.iodata_to_binary(JSONDocuments.write(value))
      ordered = JSON.decode!(text, objects: :ordered)
      assert ordered |> JSON.encode!() |> JSON.decode!() == value
    end
  end

  test "what is nested as deeply as one of them takes, the other takes" do
    deepest = Enum.reduce(1..1_023, [], fn _, inner -> [inner] end)
    assert deepest |> JSON.encode!() |> JSON.decode!() == deepest
    assert {:error, %{reason: :too_deep}} = JSON.encode([deepest])

    deeper = Enum.reduce(1..50_000, [], fn _, inner -> %{"in" => inner} end)
    text = JSON.encode!(deeper, max_depth: :infinity)
    assert {:error, %{reason: :too_deep}} = JSON.decode(text)
    assert JSON.decode!(text, max_depth: :infinity) == deeper
  end
end
