defmodule Cantilever.Bench.JSON.Speed do
  @moduledoc """
  How fast each codec decodes and encodes each document, in turns.

      speed = Cantilever.Bench.JSON.Speed.measure(codecs, corpora, quick?)
      speed.decode[{:jiffy, "twitter"}]
      #=> [7_890_123.4, …]      (nanoseconds, one for each round)
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.JSON.{Codecs, Comparison, Floors, Throughput}
  alias Cantilever.Bench.Progress

  @directions [:decode, :encode]

  @typedoc """
  Samples by direction; `bytes` is how much JSON each of them stands for: when encoding what the reference codec makes
  of the document, for all of them, so that nobody gains from writing more.
  """
  @type t :: %{
          :decode => Comparison.samples(),
          :encode => Comparison.samples(),
          :floors => %{(:decode | :encode) => %{{String.t(), String.t()} => [pos_integer]}},
          :bytes => %{(:decode | :encode) => %{String.t() => pos_integer}}
        }

  @doc "Checks that all codecs agree on all documents, then measures."
  @spec measure([Codecs.t()], %{String.t() => binary}, boolean) :: t
  def measure(codecs, corpora, quick?) do
    {rounds, ms} = if quick?, do: {5, 10}, else: {15, 40}
    program = Floors.build!()
    terms = for {name, text} <- corpora, into: %{}, do: {name, Codecs.check!(codecs, name, text)}

    samples =
      Floors.in_files(corpora, fn files ->
        plain = [{:floors, fn -> Floors.run!(program, files, div(ms, 2)) end}]
        progress = Progress.new(rounds + 1)
        step = [{:step, fn -> Progress.step(progress) end}]
        Bench.rounds(measurements(codecs, corpora, terms, ms) ++ plain ++ step, rounds)
      end)

    @directions
    |> Map.new(&{&1, of_direction(samples, &1)})
    |> Map.merge(%{floors: floors(samples.floors), bytes: bytes(codecs, corpora, terms)})
  end

  # All codecs have a document one after the other, so that little time is between those that are compared.
  defp measurements(codecs, corpora, terms, ms) do
    for {name, text} <- corpora, direction <- @directions, codec <- codecs do
      term = Map.fetch!(terms, name)

      {call, input} =
        case direction do
          :decode -> {codec.decode, codec.packed.(text, term)}
          :encode -> {codec.encode, term}
        end

      {{direction, codec.key, name}, fn -> Throughput.ns_per_call(call, input, ms) end}
    end
  end

  defp of_direction(samples, direction) do
    for {{^direction, codec, name}, taken} <- samples, into: %{}, do: {{codec, name}, taken}
  end

  defp floors(rounds) do
    Map.new(@directions, fn direction ->
      {direction,
       rounds
       |> Enum.flat_map(&Map.fetch!(&1, direction))
       |> Enum.group_by(&elem(&1, 0), &elem(&1, 1))}
    end)
  end

  defp bytes(codecs, corpora, terms) do
    reference = Codecs.reference(codecs)

    %{
      decode: Map.new(corpora, fn {name, text} -> {name, byte_size(text)} end),
      encode:
        Map.new(terms, fn {name, term} -> {name, IO.iodata_length(reference.encode.(term))} end)
    }
  end
end
