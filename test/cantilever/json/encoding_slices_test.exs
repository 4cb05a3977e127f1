defmodule Cantilever.JSON.EncodingSlicesTest do
  use ExUnit.Case, async: true

  alias Cantilever.JSON.EncodeError
  alias Cantilever.JSON.EncodeOptions
  alias Cantilever.JSON
  alias Cantilever.JSON.Encoding
  alias Cantilever.JSON.Fragment
  alias Cantilever.JSON.OrderedObject
  alias Cantilever.JSONStructs.Part
  alias Cantilever.Native.EveryCheckpoint
  alias Cantilever.TermGenerator

  # `JSON.encode/2` with slices that each look at them ends.
  defp in_pieces(term, opts) do
    options = EncodeOptions.new(opts)

    {:ok,
     term
     |> EveryCheckpoint.json_encode(options.flags, options.max_depth, options.pretty)
     |> answer(options)}
  rescue
    error in [EncodeError, Protocol.UndefinedError] -> {:error, error}
  end

  defp answer({:ask, what, about, paused, kept}, options) do
    paused
    |> EveryCheckpoint.json_encode_go_on(kept, Encoding.answer_to(what, about, options))
    |> answer(options)
  end

  defp answer({:error, reason, byte, value, path}, _options),
    do: raise(EncodeError, reason: reason, byte: byte, value: value, path: path)

  defp answer(binary, _options), do: binary

  # Terms that JSON has something for, most of the time.
  defp json(0), do: scalar()

  defp json(depth) do
    case :rand.uniform(9) do
      1 -> for _ <- 1..:rand.uniform(5), do: json(depth - 1)
      2 -> for i <- 1..:rand.uniform(60), do: i
      3 -> Map.new(1..:rand.uniform(5), fn _ -> {key(), json(depth - 1)} end)
      4 -> Map.new(1..:rand.uniform(80), &{&1, json(0)})
      5 -> %Part{id: json(depth - 1), name: json(depth - 1)}
      6 -> OrderedObject.new(for _ <- 1..3, do: {key(), json(depth - 1)})
      7 -> Fragment.new(["[", [?1, ",2"], "]"])
      8 -> ~D[2024-02-29]
      9 -> scalar()
    end
  end

  defp scalar do
    case :rand.uniform(7) do
      1 -> TermGenerator.integer()
      2 -> TermGenerator.float()
      3 -> TermGenerator.atom()
      4 -> TermGenerator.pick([[], %{}, "", nil, true, false])
      5 -> TermGenerator.string()
      6 -> TermGenerator.string()
      7 -> if :rand.uniform(30) == 1, do: TermGenerator.leaf(), else: TermGenerator.float()
    end
  end

  defp key do
    case :rand.uniform(4) do
      1 -> TermGenerator.atom()
      2 -> TermGenerator.integer()
      3 -> ~D[2024-02-29]
      _ -> TermGenerator.string()
    end
  end

  describe "every length of a slice" do
    test "gives the same text, or the same error" do
      TermGenerator.seed(ExUnit.configuration()[:seed])

      for _ <- 1..1500 do
        term = json(5)

        opts =
          TermGenerator.pick([
            [],
            [pretty: true],
            [escape: :html],
            [escape: :unicode],
            [maps: :strict],
            [max_depth: 3]
          ])

        assert in_pieces(term, opts) == JSON.encode(term, opts), inspect(term)
      end
    end

    test "is right for terms of any kind" do
      TermGenerator.seed(ExUnit.configuration()[:seed])

      for _ <- 1..3000 do
        term = TermGenerator.term()
        assert in_pieces(term, []) == JSON.encode(term), inspect(term)
      end
    end

    test "is right for long strings, keys and integers, large maps and deep lists" do
      long = String.duplicate("é\"日本\n", 20_000)
      large = Map.new(1..10_000, &{"key #{&1}", [&1]})
      medium = Map.new(1..1000, &{&1, %{:large => [1.5], &1 => 1}})

      deep =
        Enum.reduce(1..1_000, 1, fn i, inner ->
          if rem(i, 2) == 0, do: [inner], else: %{a: inner}
        end)

      integer = Integer.pow(7, 10_000)

      for term <- [long, %{long => [long]}, large, [medium, medium], deep, [integer, -integer]] do
        assert {:ok, text} = JSON.encode(term)
        assert in_pieces(term, []) == {:ok, text}
        assert IO.iodata_to_binary(JSON.encode_to_iodata!(term)) == text
      end

      assert JSON.encode!(integer) == Integer.to_string(integer)
    end

    test "is right while the process is collected" do
      parent = self()
      TermGenerator.seed(3)

      term =
        for i <- 1..300, do: %{"i" => i, "json" => String.duplicate("é", rem(i, 80)), list: [i]}

      {:ok, expected} = JSON.encode(term)

      pid = spawn_link(fn -> send(parent, in_pieces(Enum.map(term, & &1), [])) end)
      assert collecting(pid) == {:ok, expected}
    end
  end

  defp collecting(pid) do
    :erlang.garbage_collect(pid)

    receive do
      result -> result
    after
      0 -> collecting(pid)
    end
  end
end
