defmodule Cantilever.Bench.JSON do
  @moduledoc """
  Writes the few kinds of values that a bench reports as JSON.

      iex> Cantilever.Bench.JSON.encode(Cantilever.Bench.JSON.object(name: "a \\"b\\"", met: true)) |> IO.iodata_to_binary()
      ~S({"name": "a \\"b\\"", "met": true})

  The kit's own JSON cannot be used here: a bench must not depend on what it may be measuring.
  """

  @type value ::
          nil
          | boolean
          | number
          | String.t()
          | [value]
          | %{String.t() => value}
          | {:object, [{atom, value}]}

  @doc "An object whose keys are written in the given order."
  @spec object(keyword(value)) :: {:object, keyword(value)}
  def object(pairs), do: {:object, pairs}

  @doc "Encodes a value; maps have string or atom keys."
  @spec encode(value) :: iodata
  def encode(value) when value in [nil, true, false],
    do: value |> inspect() |> String.replace("nil", "null")

  def encode(value) when is_integer(value), do: Integer.to_string(value)
  def encode(value) when is_float(value), do: Float.to_string(value)
  def encode(value) when is_binary(value), do: [?", escape(value), ?"]

  def encode(value) when is_list(value),
    do: [?[, value |> Enum.map(&encode/1) |> Enum.intersperse(", "), ?]]

  def encode(value) when is_map(value), do: encode({:object, Enum.sort(value)})

  def encode({:object, pairs}) do
    members =
      Enum.map(pairs, fn {key, value} -> [encode(to_string(key)), ": ", encode(value)] end)

    [?{, Enum.intersperse(members, ", "), ?}]
  end

  defp escape(text) do
    for <<character::utf8 <- text>>, into: "" do
      case character do
        ?" ->
          ~S(\")

        ?\\ ->
          ~S(\\)

        control when control < 0x20 ->
          "\\u" <> String.pad_leading(Integer.to_string(control, 16), 4, "0")

        other ->
          <<other::utf8>>
      end
    end
  end
end
