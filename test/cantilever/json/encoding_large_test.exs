defmodule Cantilever.JSON.EncodingLargeTest do
  # Counts memory of the whole node.
  use ExUnit.Case, async: false

  import Cantilever.Eventually

  alias Cantilever.JSON

  describe "encode/2 of large terms" do
    test "writes a million items" do
      expected = "[" <> Enum.map_join(1..1_000_000, ",", &Integer.to_string/1) <> "]"
      assert JSON.encode!(Enum.to_list(1..1_000_000)) == expected
    end

    test "writes a map of a million keys" do
      text = JSON.encode!(Map.new(1..1_000_000, &{&1, nil}))
      keys = Regex.scan(~r/"(\d+)":null/, text, capture: :all_but_first)

      assert keys |> Enum.map(fn [key] -> String.to_integer(key) end) |> Enum.sort() ==
               Enum.to_list(1..1_000_000)

      assert byte_size(text) == 1 + Enum.sum(Enum.map(keys, fn [key] -> byte_size(key) + 8 end))
    end

    test "writes a million random floats, each to be read back bit for bit, as the VM writes them" do
      :rand.seed(:exsss, {1, 2, 3})

      for _ <- 1..100 do
        floats = for _ <- 1..10_000, do: random_float()
        texts = floats |> JSON.encode!() |> String.slice(1..-2) |> String.split(",")

        for {float, text} <- Enum.zip(floats, texts) do
          assert <<String.to_float(text)::float>> == <<float::float>>
          assert text == :erlang.float_to_binary(float, [:short])
        end
      end
    end

    test "is cut into slices" do
      Cantilever.Native.take_slice_stats()
      map = Map.new(1..300_000, &{&1, %{a: [1.5, "text"]}})
      JSON.encode!([map, String.duplicate("é", 20_000_000), Integer.pow(3, 100_000)])
      {slices, _longest_ns} = Cantilever.Native.take_slice_stats()
      assert slices > 1000
    end

    test "stops when its caller is killed, and frees what it has written" do
      term = List.duplicate(String.duplicate("x", 60), 1_000_000)
      before = settled_memory()

      for _ <- 1..20 do
        {pid, monitor} = spawn_monitor(fn -> JSON.encode!(List.duplicate(term, 100)) end)
        eventually(fn -> :erlang.memory(:binary) > before + 20_000_000 end)
        Process.exit(pid, :kill)
        assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}
        eventually(fn -> :erlang.memory(:binary) < before + 5_000_000 end)
      end
    end
  end

  defp settled_memory do
    Enum.each(Process.list(), &:erlang.garbage_collect/1)
    :erlang.memory(:binary)
  end

  defp random_float do
    case <<:rand.uniform(0x1_0000_0000_0000_0000) - 1::64>> do
      <<float::float>> ->
        if :rand.uniform(4) == 1, do: Float.round(:rand.uniform() * 1000, 3), else: float

      _not_finite ->
        random_float()
    end
  end
end
