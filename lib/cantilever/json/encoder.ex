defprotocol Cantilever.JSON.Encoder do
  @moduledoc """
  How a struct is written as JSON.

  It can be derived, with all fields of the struct, or some of them:

      defmodule User do
        @derive {Cantilever.JSON.Encoder, only: [:id, :name]}
        defstruct [:id, :name, :password_hash]
      end

  `only:` and `except:` take lists of fields; those of `only:` are written in the order of the list. For a struct that
  somebody else defines, `Protocol.derive/3` does the same.

  Or it is implemented. `encode/2` does not write anything itself: it returns what stands in the place of the struct.

      defimpl Cantilever.JSON.Encoder, for: Money do
        def encode(money, _opts), do: %{amount: money.amount, currency: money.currency}
      end

  It has implementations for `Date`, `Time`, `NaiveDateTime` and `DateTime`, which become strings as ISO 8601 has them,
  and for `Decimal` if that library is there, which becomes a string. Terms that are no structs are written without it.
  """

  @fallback_to_any true

  @typedoc "The options given to `Cantilever.JSON.encode/2`."
  @type opts() :: keyword()

  @doc """
  Returns what is to be written in the place of `value`: a map, a list, a string, a number, an atom, another struct, a
  `Cantilever.JSON.OrderedObject`, or a `Cantilever.JSON.Fragment` of JSON that is ready.
  """
  @spec encode(t(), opts()) :: term()
  def encode(value, opts)
end

defimpl Cantilever.JSON.Encoder, for: Any do
  defmacro __deriving__(module, struct, opts) do
    fields = fields_of(module, struct, opts)
    vars = Enum.map(fields, &Macro.var(&1, __MODULE__))
    pattern = Enum.zip(fields, vars)
    values = Enum.zip(Enum.map(fields, &Atom.to_string/1), vars)

    quote do
      defimpl Cantilever.JSON.Encoder, for: unquote(module) do
        def encode(%{unquote_splicing(pattern)}, _opts),
          do: %Cantilever.JSON.OrderedObject{values: unquote(values)}
      end
    end
  end

  @spec encode(struct(), keyword()) :: no_return()
  def encode(%module{} = struct, _opts) do
    raise Protocol.UndefinedError,
      protocol: @protocol,
      value: struct,
      description: """
      a struct is only written as JSON if it says how, as its fields may hold what is not for everybody.

      If you own it, derive the implementation, with the fields that are to be written:

          @derive {Cantilever.JSON.Encoder, only: [...]}
          defstruct ...

      or with all of them:

          @derive Cantilever.JSON.Encoder
          defstruct ...

      If you do not own it, derive it from outside:

          Protocol.derive(Cantilever.JSON.Encoder, #{inspect(module)}, only: [...])

      or turn it into something else before it is encoded, such as a map or a list
      """
  end

  defp fields_of(module, struct, opts) do
    fields = struct |> Map.keys() |> List.delete(:__struct__)

    case Keyword.split(opts, [:only, :except]) do
      {[], []} ->
        fields

      {[only: only], []} ->
        known!(module, fields, only)
        only

      {[except: except], []} ->
        known!(module, fields, except)
        fields -- except

      _ ->
        raise ArgumentError,
              "#{inspect(module)} derives Cantilever.JSON.Encoder with #{inspect(opts)}: " <>
                "either only: or except:, with a list of fields, is known"
    end
  end

  defp known!(module, fields, given) do
    case given -- fields do
      [] ->
        :ok

      unknown ->
        raise ArgumentError,
              "#{inspect(module)} derives Cantilever.JSON.Encoder with #{inspect(unknown)}, " <>
                "which it has not: its fields are #{inspect(fields)}"
    end
  end
end

# What no struct is stands for itself. Of what JSON has nothing for, the native function says where it is.
defimpl Cantilever.JSON.Encoder,
  for: [Atom, BitString, Float, Function, Integer, List, Map, PID, Port, Reference, Tuple] do
  def encode(value, _opts), do: value
end

defimpl Cantilever.JSON.Encoder,
  for: [Cantilever.JSON.Fragment, Cantilever.JSON.OrderedObject] do
  def encode(value, _opts), do: value
end

defimpl Cantilever.JSON.Encoder, for: [Date, Time, NaiveDateTime, DateTime] do
  def encode(value, _opts), do: @for.to_iso8601(value)
end

if Code.ensure_loaded?(Decimal) do
  defimpl Cantilever.JSON.Encoder, for: Decimal do
    def encode(value, _opts), do: Decimal.to_string(value)
  end
end
