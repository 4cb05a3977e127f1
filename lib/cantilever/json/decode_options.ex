defmodule Cantilever.JSON.DecodeOptions do
  @moduledoc false

  # What `Cantilever.JSON.decode/2` may be told, checked, as the tuple that the native functions take.

  @choices [
    keys: [strings: :strings, atoms!: :existing_atoms, atoms: :atoms],
    floats: [native: :native, decimals: :decimals],
    strings: [auto: :auto, copy: :copy, reference: :reference],
    objects: [maps: :maps, ordered: :ordered],
    duplicates: [last: :last, error: :error]
  ]
  @limits [max_depth: 1_024, max_new_atoms: 1_000, max_bytes: :infinity]
  @names Keyword.keys(@choices) ++ Keyword.keys(@limits)

  # As large as the native side's integers.
  @infinity 0xFFFF_FFFF_FFFF_FFFF

  # nil is all defaults.
  @spec for_native([Cantilever.JSON.decode_option()]) :: nil | tuple()
  def for_native([]), do: nil

  def for_native(options) do
    options = check_names(options)
    choices = for {name, choices} <- @choices, do: choice(options, name, choices)
    limits = for {name, default} <- @limits, do: limit(name, Keyword.get(options, name, default))

    if options[:floats] == :decimals and not Code.ensure_loaded?(Decimal) do
      raise ArgumentError,
            "floats: :decimals needs the library decimal: add {:decimal, \"~> 2.0\"} to the dependencies of the project"
    end

    List.to_tuple(choices ++ limits)
  end

  # Documents of the kit's own are read and written to the same depth.
  @spec max_depth() :: pos_integer()
  def max_depth, do: @limits[:max_depth]

  # The limit of bytes alone, which is looked at before anything is read.
  @spec max_bytes(nil | tuple()) :: pos_integer()
  def max_bytes(nil), do: @infinity
  def max_bytes(options), do: elem(options, tuple_size(options) - 1)

  # As the native functions would return it.
  @spec too_many_bytes(pos_integer()) :: tuple()
  def too_many_bytes(most),
    do: {:error, :too_many_bytes, "longer than max_bytes allows", most, "", ""}

  defp check_names(options) do
    case Keyword.keyword?(options) && Enum.uniq(Keyword.keys(options)) -- @names do
      [] ->
        options

      false ->
        raise ArgumentError, "options are a keyword list, got: #{inspect(options)}"

      [unknown | _] ->
        raise ArgumentError,
              "unknown option #{inspect(unknown)}, the options of decoding are #{Enum.map_join(@names, ", ", &inspect/1)}"
    end
  end

  defp choice(options, name, choices) do
    value = Keyword.get(options, name, choices |> hd() |> elem(0))

    case List.keyfind(choices, value, 0) do
      {^value, native} ->
        native

      nil ->
        raise ArgumentError,
              "#{name} is one of #{Enum.map_join(choices, ", ", &inspect(elem(&1, 0)))}, got: #{inspect(value)}"
    end
  end

  defp limit(name, :infinity) when name in [:max_bytes, :max_depth], do: @infinity
  defp limit(:max_new_atoms, 0), do: 0
  defp limit(_name, value) when is_integer(value) and value > 0 and value <= @infinity, do: value

  defp limit(name, value) do
    raise ArgumentError, "#{name} is a positive integer, got: #{inspect(value)}"
  end
end
