defmodule Cantilever.JSONTest do
  use ExUnit.Case, async: true

  alias Cantilever.{JSON, JSONDocuments}

  doctest Cantilever.JSON
  doctest Cantilever.JSON.Fragment
  doctest Cantilever.JSON.OrderedObject

  # Debian's erlang-jiffy, which `bin/bench json` installs.
  @compile {:no_warn_undefined, :jiffy}
  @jiffy Code.ensure_loaded?(:jiffy)

  @tag skip: if(@jiffy, do: false, else: "jiffy is not installed")
  test "jiffy reads what is valid alike, and what is broken where both take it" do
    for seed <- 1..500 do
      :rand.seed(:exsss, seed)
      document = JSONDocuments.value() |> JSONDocuments.write() |> IO.iodata_to_binary()
      assert {seed, JSON.decode(document)} == {seed, jiffy(document)}
      broken = damage(document)

      with {:ok, value} <- JSON.decode(broken), {:ok, other} <- jiffy(broken) do
        assert {seed, value} == {seed, other}
      end
    end
  end

  defp jiffy(document) do
    {:ok, :jiffy.decode(document, [:return_maps, :use_nil])}
  catch
    _kind, reason -> {:error, reason}
  end

  defp damage(document) do
    at = :rand.uniform(byte_size(document)) - 1
    <<before::binary-size(at), _byte, rest::binary>> = document
    before <> Enum.random(["", " ", "0", "1", "\"", ",", "[", "}", "\\"]) <> rest
  end

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
