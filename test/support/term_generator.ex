defmodule Cantilever.TermGenerator do
  @moduledoc false
  # Random terms of every kind, for functions that must not trip over any of them. What comes out depends on the process's
  # own `:rand` alone, so that a seed repeats it, but for new references and for which ports there are. Atoms come from a
  # list, as those are never collected.

  @deepest 6

  @spec seed(integer()) :: :ok
  def seed(seed) do
    _ = :rand.seed(:exsss, seed)
    :ok
  end

  @spec term(non_neg_integer()) :: term()
  def term(depth \\ @deepest)
  def term(0), do: leaf()

  def term(depth) do
    case :rand.uniform(14) do
      1 -> list(depth)
      2 -> improper(list(depth), depth)
      3 -> list(depth) |> List.to_tuple()
      4 -> map(depth)
      5 -> Enum.to_list(1..:rand.uniform(200))
      _leaf -> leaf()
    end
  end

  @spec leaf() :: term()
  def leaf do
    case :rand.uniform(8) do
      1 ->
        integer()

      2 ->
        float()

      3 ->
        atom()

      4 ->
        binary()

      5 ->
        bits()

      6 ->
        string()

      7 ->
        identifier()

      8 ->
        pick([[], {}, %{}, "", ~c"list", &__MODULE__.term/1, &leaf/0, fn a -> a end, 0..3, %URI{}])
    end
  end

  # Of all sizes, and often just beside a limit of some type.
  @spec integer() :: integer()
  def integer do
    case :rand.uniform(4) do
      1 ->
        :rand.uniform(300) - 20

      2 ->
        pick([1, -1]) * Bitwise.bsl(1, pick([7, 8, 15, 16, 31, 32, 59, 60, 63, 64, 127])) +
          pick([-1, 0, 1])

      3 ->
        :rand.uniform(0x1_0000_0000_0000_0000) - 0x8000_0000_0000_0001

      4 ->
        pick([1, -1]) * Bitwise.bsl(:rand.uniform(1_000_000), :rand.uniform(2_000))
    end
  end

  @spec float() :: float()
  def float do
    pick([
      0.0,
      -0.0,
      1.5,
      1.0e308,
      -1.0e-308,
      5.0e-324,
      9_223_372_036_854_775_808.0,
      :rand.normal() * 1.0e6
    ])
  end

  @atoms [
           nil,
           true,
           false,
           :ok,
           :undefined,
           Enum,
           :"Elixir.",
           :"with space",
           :ünïcode,
           :"\0",
           :日本
         ] ++
           for(
             n <- [0, 1, 2, 7, 8, 15, 16, 63, 64, 127, 128, 254, 255],
             do: String.to_atom(String.duplicate("a", n))
           ) ++
           for(n <- [1, 64, 255], do: String.to_atom(String.duplicate("é", n)))

  @spec atom() :: atom()
  def atom, do: pick(@atoms)

  @bytes for i <- 1..6_000, into: <<>>, do: <<rem(i * i * 31 + div(i, 7), 256)>>

  # On the heap of the process and off it, whole and parts of others, of which some do not start at a whole byte.
  @spec binary() :: binary()
  def binary do
    length = pick([0, 1, 3, 63, 64, 65, 200, 5_000])
    whole = @bytes |> binary_part(:rand.uniform(1_000), length) |> :binary.copy()

    case :rand.uniform(3) do
      1 ->
        whole

      2 ->
        binary_part(whole, div(length, 3), div(length, 3))

      3 ->
        skipped = :rand.uniform(7)
        <<_::size(skipped), part::binary-size(length), _::bitstring>> = <<whole::binary, 0>>
        part
    end
  end

  @spec bits() :: bitstring()
  def bits do
    bits = :rand.uniform(7)
    <<binary()::binary, 0::size(bits)>>
  end

  @spec string() :: String.t()
  def string do
    pieces = ["", "a", "text", "é", "日本", "\0", "\n", "\"", "🎻", String.duplicate("long ", 100)]
    Enum.map_join(0..:rand.uniform(4), fn _piece -> pick(pieces) end)
  end

  # Pids, ports and references, some of another node.
  @spec identifier() :: pid() | port() | reference()
  def identifier do
    case :rand.uniform(6) do
      1 -> self()
      2 -> make_ref()
      3 -> pick(Port.list())
      4 -> foreign(88, <<:rand.uniform(1000)::32, 0::32, 1::32>>)
      5 -> foreign(89, <<:rand.uniform(1000)::32, 1::32>>)
      6 -> foreign_reference()
    end
  end

  @spec pick([item, ...]) :: item when item: var
  def pick(items), do: Enum.random(items)

  # Terms that are a little simpler: halves and parts first, then single parts made simpler.
  @spec shrink(term()) :: [term()]
  def shrink([_ | _] = list) do
    if List.improper?(list),
      do: [hd(list), tl(list), proper(list)],
      else: [[] | shrink_items(list)]
  end

  def shrink(tuple) when is_tuple(tuple) and tuple != {} do
    tuple |> Tuple.to_list() |> shrink_items() |> Enum.map(&List.to_tuple/1)
  end

  def shrink(struct) when is_struct(struct), do: [Map.from_struct(struct)]

  def shrink(map) when is_map(map) and map != %{} do
    map
    |> Map.to_list()
    |> shrink_items()
    |> Enum.filter(&Enum.all?(&1, fn pair -> match?({_, _}, pair) end))
    |> Enum.map(&Map.new/1)
  end

  def shrink(binary) when is_binary(binary) and binary != "" do
    half = div(byte_size(binary), 2)

    ["", binary_part(binary, 0, half), binary_part(binary, half, byte_size(binary) - half)] --
      [binary]
  end

  def shrink(bits) when is_bitstring(bits) and bits != "" do
    half = div(bit_size(bits), 2)
    <<first::bitstring-size(half), second::bitstring>> = bits
    [first, second] -- [bits]
  end

  def shrink(0), do: []
  def shrink(integer) when is_integer(integer), do: Enum.uniq([0, div(integer, 2)])
  def shrink(_term), do: []

  # The simplest term found for which `fails?` still holds.
  @spec minimal(term(), (term() -> boolean()), non_neg_integer()) :: term()
  def minimal(term, fails?, steps \\ 200)
  def minimal(term, _fails?, 0), do: term

  def minimal(term, fails?, steps) do
    case Enum.find(shrink(term), :none, fails?) do
      :none -> term
      simpler -> minimal(simpler, fails?, steps - 1)
    end
  end

  defp shrink_items(items) do
    {first, second} = Enum.split(items, div(length(items), 2))

    singles =
      for {item, index} <- Enum.with_index(items),
          index < 20,
          simpler <- shrink(item),
          do: List.replace_at(items, index, simpler)

    Enum.reject([first, second], &(&1 == items)) ++ singles
  end

  defp proper([head | tail]) when is_list(tail), do: [head | proper(tail)]
  defp proper([head | tail]), do: [head, tail]
  defp proper([]), do: []

  defp list(depth), do: for(_item <- 1..:rand.uniform(5), do: term(depth - 1))

  defp improper([_ | _] = list, depth) do
    tail = pick([:tail, 1, "tail", term(depth - 1)])
    Enum.reduce(Enum.reverse(list), tail, &[&1 | &2])
  end

  defp map(depth), do: Map.new(list(depth), &{&1, term(depth - 1)})

  # NEW_PID_EXT and NEW_PORT_EXT are written for every node but this one.
  defp foreign(tag, rest),
    do: :erlang.binary_to_term(<<131, tag, node_name()::binary, rest::binary>>)

  defp foreign_reference do
    :erlang.binary_to_term(
      <<131, 90, 3::16, node_name()::binary, 1::32, 1::32, 2::32, :rand.uniform(1000)::32>>
    )
  end

  defp node_name, do: <<119, 11, "other@there">>
end
