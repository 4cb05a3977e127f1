defmodule Cantilever.ArgumentModel.Types do
  @moduledoc false
  # Which terms decode as a Rust type, terms that do, and terms that nearly do.

  alias Cantilever.TermGenerator, as: Generator

  @type t :: atom() | {:handle, atom()}

  # Those that the functions of taking.rs and taking_dirty.rs are named after.
  @spec taken() :: [atom()]
  def taken,
    do: [
      :i64,
      :u8,
      :f64,
      :bool,
      :atom,
      :string,
      :big,
      :shared,
      :pid,
      :option,
      :list,
      :tuple,
      :map
    ]

  @spec accepts?(t(), term(), %{atom() => reference()}) :: boolean()
  def accepts?(type, term, handles \\ %{})
  def accepts?(:any, _term, _handles), do: true
  def accepts?(:u8, term, _handles), do: is_integer(term) and term in 0..0xFF
  def accepts?(:u16, term, _handles), do: is_integer(term) and term in 0..0xFFFF
  def accepts?(:u32, term, _handles), do: is_integer(term) and term in 0..0xFFFF_FFFF
  def accepts?(:steps, term, _handles), do: accepts?(:u32, term)
  def accepts?(:u64, term, _handles), do: is_integer(term) and term in 0..0xFFFF_FFFF_FFFF_FFFF

  def accepts?(:i64, term, _handles),
    do: is_integer(term) and term in -0x8000_0000_0000_0000..0x7FFF_FFFF_FFFF_FFFF

  def accepts?(:big, term, _handles), do: is_integer(term)
  def accepts?(:f64, term, _handles), do: is_float(term) or accepts?(:i64, term)
  def accepts?(:bool, term, _handles), do: is_boolean(term)
  def accepts?(:atom, term, _handles), do: is_atom(term)
  def accepts?(:string, term, _handles), do: is_binary(term) and String.valid?(term)
  def accepts?(:shared, term, _handles), do: is_binary(term)
  def accepts?(:pid, term, _handles), do: is_pid(term) and node(term) == node()
  def accepts?(:option, term, _handles), do: term == nil or accepts?(:i64, term)

  def accepts?(:list, term, _handles),
    do: is_list(term) and not List.improper?(term) and Enum.all?(term, &accepts?(:i64, &1))

  def accepts?(:tuple, {number, text}, _handles),
    do: accepts?(:i64, number) and accepts?(:string, text)

  def accepts?(:tuple, _term, _handles), do: false

  def accepts?(:map, term, _handles),
    do:
      is_map(term) and
        Enum.all?(Map.to_list(term), fn {key, value} ->
          accepts?(:string, key) and accepts?(:i64, value)
        end)

  def accepts?({:handle, kind}, term, handles), do: is_reference(term) and handles[kind] == term

  # A value of the type, of those that are worth trying.
  @spec generate(t(), Cantilever.ArgumentModel.handles()) :: term()
  def generate(:any, _handles), do: Generator.term()
  def generate(:u8, _handles), do: :rand.uniform(256) - 1
  def generate(:u16, _handles), do: :rand.uniform(65_536) - 1
  def generate(:u32, _handles), do: :rand.uniform(2_000) - 1
  def generate(:u64, _handles), do: Generator.pick([0, 1, 7, 0xFFFF_FFFF_FFFF_FFFF])
  def generate(:steps, _handles), do: Generator.pick([0, 0, 1, 2, 20, 300])

  def generate(:i64, _handles),
    do:
      Generator.pick([
        0,
        1,
        2,
        50,
        101,
        :rand.uniform(0xFFFF_FFFF_FFFF_FFFF) - 0x8000_0000_0000_0000
      ])

  def generate(:big, _handles), do: Generator.integer()
  def generate(:f64, _handles), do: Generator.float()
  def generate(:bool, _handles), do: Generator.pick([true, false])
  def generate(:atom, _handles), do: Generator.atom()
  def generate(:string, _handles), do: Generator.string()
  def generate(:shared, _handles), do: Generator.binary()
  def generate(:pid, _handles), do: Generator.pick([self(), Process.whereis(:init)])
  def generate(:option, handles), do: Generator.pick([nil, generate(:i64, handles)])

  def generate(:list, handles),
    do: for(_item <- 1..:rand.uniform(200), do: generate(:i64, handles))

  def generate(:tuple, handles), do: {generate(:i64, handles), Generator.string()}

  def generate(:map, handles),
    do:
      Map.new(0..:rand.uniform(20), fn i ->
        {"#{i}" <> Generator.string(), generate(:i64, handles)}
      end)

  def generate({:handle, kind}, handles),
    do: handles |> Map.values() |> Generator.pick() |> Map.get(kind, make_ref())

  # A value that is the same but for one part.
  @spec spoil(term()) :: term()
  def spoil([_ | _] = list) do
    case :rand.uniform(2) do
      1 ->
        [Generator.leaf() | tl(list)]

      2 ->
        if List.improper?(list),
          do: Generator.leaf(),
          else: list ++ Generator.pick([1, :tail, "tail"])
    end
  end

  def spoil({number, text}),
    do:
      Generator.pick([
        {text, number},
        {number},
        {number, text, nil},
        {number, Generator.bits()},
        [number, text]
      ])

  def spoil(map) when is_map(map), do: Map.put(map, Generator.leaf(), Generator.leaf())

  def spoil(binary) when is_binary(binary),
    do: Generator.pick([<<binary::binary, 255>>, <<binary::binary, 1::3>>, [binary]])

  def spoil(integer) when is_integer(integer),
    do:
      Generator.pick([-integer - 1, integer * 2 ** 64, integer + 2 ** 32, rem(integer, 1_000) / 2])

  def spoil(_term), do: Generator.leaf()
end
