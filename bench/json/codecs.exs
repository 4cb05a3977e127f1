defmodule Cantilever.Bench.JSON.Codecs do
  @moduledoc """
  Who is compared: the kit's codec, others that are at hand, and the floors below which no codec of terms can come.

      for codec <- Cantilever.Bench.JSON.Codecs.available(), do: codec.name
      #=> ["Cantilever.JSON", "jiffy 1.1.1", "term_to_binary"]

  All give maps with strings as keys and nil for null, so that their results can be compared. Each is asked in the way
  that it does this best, and may give iodata where it has them.
  """

  # Which of them there are is found out when the bench runs.
  @compile {:no_warn_undefined, [:jiffy, :json, JSON, Jason]}

  @typedoc """
  `decode` takes what `packed` makes of a document. A floor does not know JSON.
  """
  @type t :: %{
          key: atom,
          name: String.t(),
          floor?: boolean,
          packed: (text :: binary, term -> binary),
          decode: (binary -> term),
          encode: (term -> iodata)
        }

  @modules [kit: Cantilever.JSON, jiffy: :jiffy, otp: :json, elixir: JSON, jason: Jason]

  @doc "Those that this VM has, the kit's own first."
  @spec available() :: [t]
  def available do
    for({key, module} <- @modules, there?(module), do: codec(key)) ++ [codec(:floor)]
  end

  @doc "The ones that know JSON."
  @spec of_json([t]) :: [t]
  def of_json(codecs), do: Enum.reject(codecs, & &1.floor?)

  @doc "Whose results the others' are compared with: jiffy's where it is there."
  @spec reference([t]) :: t
  def reference(codecs) do
    Enum.find(codecs, &(&1.key == :jiffy)) || codecs |> of_json() |> List.first() ||
      raise "there is no JSON codec to measure"
  end

  @doc """
  Raises unless all of them make the same of a document, and the document's term of what they encode.

  A number that is an integer for one and a float for another is a difference.
  """
  @spec check!([t], String.t(), binary) :: term
  def check!(codecs, title, text) do
    reference = reference(codecs)
    term = reference.decode.(text)

    for codec <- of_json(codecs) do
      if codec.decode.(text) !== term, do: raise("#{codec.name} decodes #{title} differently")
      again = term |> codec.encode.() |> IO.iodata_to_binary() |> reference.decode.()
      if again !== term, do: raise("#{codec.name} encodes #{title} differently")
    end

    term
  end

  # Mix may have taken out of the code path what no dependency names.
  defp there?(module) do
    Code.ensure_loaded?(module) or
      Enum.any?(Path.wildcard("#{:code.lib_dir()}/#{module}-*/ebin"), fn ebin ->
        Code.append_path(ebin) and Code.ensure_loaded?(module)
      end)
  end

  defp codec(:kit) do
    json(:kit, "Cantilever.JSON", &Cantilever.JSON.decode!(&1, []), &Cantilever.JSON.encode!/1)
  end

  defp codec(:jiffy) do
    json(
      :jiffy,
      "jiffy #{version(:jiffy)}",
      &:jiffy.decode(&1, [:return_maps, :use_nil]),
      &:jiffy.encode(&1, [:use_nil])
    )
  end

  defp codec(:otp) do
    json(
      :otp,
      "OTP's :json",
      fn text ->
        {term, :ok, _rest} = :json.decode(text, :ok, %{null: nil})
        term
      end,
      &:json.encode(&1, fn
        nil, _encoder -> "null"
        other, encoder -> :json.encode_value(other, encoder)
      end)
    )
  end

  defp codec(:elixir),
    do: json(:elixir, "Elixir's JSON", &JSON.decode!/1, &JSON.encode_to_iodata!/1)

  defp codec(:jason) do
    json(:jason, "Jason #{version(:jason)}", &Jason.decode!/1, &Jason.encode_to_iodata!/1)
  end

  defp codec(:floor) do
    %{
      key: :floor,
      name: "external term format",
      floor?: true,
      packed: fn _text, term -> :erlang.term_to_binary(term) end,
      decode: &:erlang.binary_to_term/1,
      encode: &:erlang.term_to_binary/1
    }
  end

  defp json(key, name, decode, encode) do
    %{
      key: key,
      name: name,
      floor?: false,
      packed: fn text, _term -> text end,
      decode: decode,
      encode: encode
    }
  end

  defp version(application) do
    _ = Application.load(application)
    Application.spec(application, :vsn)
  end
end
