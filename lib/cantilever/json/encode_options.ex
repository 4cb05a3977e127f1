defmodule Cantilever.JSON.EncodeOptions do
  @moduledoc false
  # The options of `Cantilever.JSON.encode/2`, read once into what the native function takes.

  import Bitwise

  # What is written can be read again.
  @max_depth Cantilever.JSON.DecodeOptions.max_depth()

  @enforce_keys [:given]
  defstruct given: [], flags: 0, max_depth: @max_depth, pretty: nil

  @type t() :: %__MODULE__{
          given: keyword(),
          flags: non_neg_integer(),
          max_depth: pos_integer(),
          pretty: nil | {String.t(), String.t(), String.t()}
        }

  # The bits that native/cantilever_native/src/nif/json_encode/options.rs reads. Jason's names are taken too.
  @escapes %{
    json: 0,
    javascript: 1,
    html: 2,
    unicode: 3,
    javascript_safe: 1,
    html_safe: 2,
    unicode_safe: 3
  }
  @strict 0b100
  @iodata 0b1000

  @no_limit 0xFFFF_FFFF_FFFF_FFFF

  @pretty [indent: "  ", line_separator: "\n", after_colon: " "]

  # Reads the options; raises an ArgumentError that names what is wrong with one.
  @spec new(keyword()) :: t()
  def new([]), do: %__MODULE__{given: []}

  def new(given) when is_list(given), do: Enum.reduce(given, %__MODULE__{given: given}, &read/2)

  def new(given),
    do: raise(ArgumentError, "options must be a keyword list, got: #{inspect(given)}")

  # The same, for a list of binaries.
  @spec iodata(t()) :: t()
  def iodata(options), do: %{options | flags: options.flags ||| @iodata}

  defp read({:escape, escape}, options) when is_map_key(@escapes, escape),
    do: %{options | flags: (options.flags &&& ~~~0b11) ||| Map.fetch!(@escapes, escape)}

  defp read({:escape, other}, _options),
    do: wrong(:escape, ":json, :javascript, :html or :unicode", other)

  defp read({:maps, :naive}, options), do: %{options | flags: options.flags &&& ~~~@strict}
  defp read({:maps, :strict}, options), do: %{options | flags: options.flags ||| @strict}
  defp read({:maps, other}, _options), do: wrong(:maps, ":naive or :strict", other)

  defp read({:max_depth, depth}, options) when is_integer(depth) and depth in 1..@no_limit,
    do: %{options | max_depth: depth}

  defp read({:max_depth, :infinity}, options), do: %{options | max_depth: @no_limit}

  defp read({:max_depth, other}, _options),
    do: wrong(:max_depth, "a positive integer or :infinity", other)

  defp read({:pretty, pretty}, options) when is_boolean(pretty),
    do: %{options | pretty: if(pretty, do: between(@pretty))}

  defp read({:pretty, pretty}, options) when is_list(pretty),
    do: %{options | pretty: @pretty |> Keyword.merge(pretty) |> between()}

  defp read({:pretty, other}, _options),
    do: wrong(:pretty, "true, false or a list of options", other)

  defp read({key, _value}, _options) do
    raise ArgumentError,
          "unknown option #{inspect(key)}: :escape, :maps, :max_depth and :pretty are known"
  end

  defp read(other, _options),
    do: raise(ArgumentError, "options must be a keyword list, got #{inspect(other)} in it")

  defp between(pretty) do
    Enum.each(pretty, fn {key, text} ->
      unless Keyword.has_key?(@pretty, key) do
        raise ArgumentError,
              "unknown option #{inspect(key)} of :pretty: :indent, :line_separator and :after_colon are known"
      end

      unless is_binary(text) and String.valid?(text), do: wrong(:pretty, "#{key}: a string", text)
    end)

    {pretty[:indent], pretty[:line_separator], pretty[:after_colon]}
  end

  @spec wrong(atom(), String.t(), term()) :: no_return()
  defp wrong(option, expected, got) do
    raise ArgumentError, "the option #{inspect(option)} must be #{expected}, got: #{inspect(got)}"
  end
end
