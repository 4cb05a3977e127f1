defmodule Cantilever.Bench.JSON.Report do
  @moduledoc """
  What was measured, as tables for the terminal and as records.
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.JSON.{Codecs, Comparison, Memory, Neighbours, Slicing, Speed}
  alias Cantilever.Bench.Markdown

  @message "message"
  @most_beside_elixir_us 1_000

  @doc "A table for each direction: documents, MB/s of each codec and of the floors in Rust, and their geometric means."
  @spec speed(Speed.t(), [Codecs.t()], [String.t()], [String.t()]) :: iodata
  def speed(speed, codecs, main, extra) do
    for direction <- [:decode, :encode] do
      columns = columns(speed, direction, codecs)
      head = ["#{direction}, MB/s of JSON" | Enum.map(columns, &elem(&1, 0))]
      means = ["geometric mean of these" | for({_title, rate} <- columns, do: mean(rate, main))]

      [
        Bench.grid([head | rows(columns, main)] ++ [means] ++ rows(columns, extra)),
        message(speed, direction, codecs),
        ?\n
      ]
    end
  end

  # {title, the MB/s of a document}
  defp columns(speed, direction, codecs) do
    samples = Map.fetch!(speed, direction)
    floors = speed.floors |> Map.fetch!(direction)
    bytes = Map.fetch!(speed.bytes, direction)
    rate = &Comparison.mb_per_s(Map.fetch!(bytes, &2), Bench.median(Map.fetch!(&1, &3)))

    for(codec <- codecs, do: {codec.name, &rate.(samples, &1, {codec.key, &1})}) ++
      for crate <- floors |> Map.keys() |> Enum.map(&elem(&1, 0)) |> Enum.uniq() |> Enum.sort() do
        {"Rust: " <> crate, &rate.(floors, &1, {crate, &1})}
      end
  end

  defp rows(columns, documents) do
    for name <- documents, do: [name | for({_title, rate} <- columns, do: figure(rate.(name)))]
  end

  defp mean(rate, documents) do
    documents |> Enum.map(rate) |> Comparison.geometric_mean() |> figure()
  end

  defp message(speed, direction, codecs) do
    times =
      for codec <- codecs do
        ns = Bench.median(speed |> Map.fetch!(direction) |> Map.fetch!({codec.key, @message}))
        "#{codec.name} #{round(ns)} ns"
      end

    ["a message of 100 bytes: ", Enum.intersperse(times, ", "), ?\n]
  end

  @doc "A table of what others waited for, in milliseconds."
  @spec neighbours([Neighbours.seen()]) :: iodata
  def neighbours(seen) do
    head = ["4 callers decode 20 MB each; others wait (ms)", "p50", "p99", "p99.9", "max", "MB/s"]
    head = head ++ ["longest slice", "held > 1 ms", "collections of 1 ms", "longest"]

    rows =
      for way <- seen do
        figures = way.figures

        [way.title] ++
          for(
            key <- [:p50_us, :p99_us, :p999_us, :max_us],
            do: ms(Map.fetch!(figures, key).value)
          ) ++
          [
            if(Enum.sum(way.mb_per_s) > 0, do: figure(Bench.median(way.mb_per_s)), else: ""),
            if(way.slices_ms == [], do: "", else: figure(Enum.min(way.slices_ms))),
            "#{way.holds}",
            "#{way.collections.count}",
            "#{way.collections.longest_ms}"
          ]
      end

    [Bench.grid([head | rows]), Enum.map(seen, &disturbed/1)]
  end

  # Elixir alone keeps nobody waiting for so long: then it is other programs that are seen.
  defp disturbed(%{key: :arithmetic, figures: %{p99_us: %{rounds: rounds}}}) do
    if Enum.min(rounds) > @most_beside_elixir_us do
      "Other programs keep this machine busy: even beside pure Elixir one waits longer than with nothing else on it.\n"
    else
      []
    end
  end

  defp disturbed(_way), do: []

  @doc "A table of memory."
  @spec memory([Memory.seen()], pos_integer) :: iodata
  def memory(seen, bytes) do
    head = [
      "memory to decode #{mega(bytes)} MB",
      "rise, MB",
      "of this terms",
      "besides, with the input"
    ]

    rows =
      for way <- seen do
        [way.title, mega(way.rise), mega(way.terms), "#{figure(way.besides)} inputs"]
      end

    Bench.grid([head | rows])
  end

  @doc "The records of everything."
  @spec results(Speed.t(), [Neighbours.seen()], Slicing.t() | nil, [Memory.seen()]) :: [
          Bench.result()
        ]
  def results(speed, neighbours, slicing, memory) do
    of_speed(speed) ++
      Enum.flat_map(neighbours, &of_way/1) ++ of_slicing(slicing) ++ of_memory(memory)
  end

  defp of_speed(speed) do
    for direction <- [:decode, :encode],
        {{codec, document}, samples} <-
          Map.to_list(Map.fetch!(speed, direction)) ++
            Map.to_list(Map.fetch!(speed.floors, direction)) do
      bytes = speed.bytes |> Map.fetch!(direction) |> Map.fetch!(document)
      rates = Enum.map(samples, &Comparison.mb_per_s(bytes, &1))
      Bench.result("#{direction}, #{document}, #{codec}", rates, "MB/s")
    end
  end

  defp of_way(way) do
    waits =
      for {name, key} <- [
            {"p50", :p50_us},
            {"p99", :p99_us},
            {"p99.9", :p999_us},
            {"max", :max_us}
          ] do
        Bench.result("#{way.title}: #{name}", Map.fetch!(way.figures, key).rounds, "us")
      end

    slices =
      if way.slices_ms == [],
        do: [],
        else: [Bench.result("#{way.title}: longest slice", way.slices_ms, "ms")]

    waits ++
      slices ++
      [
        Bench.result("#{way.title}: throughput", way.mb_per_s, "MB/s"),
        Bench.result("#{way.title}: collections of 1 ms or more", [way.collections.count], ""),
        Bench.result("#{way.title}: longest collection", [way.collections.longest_ms], "ms"),
        Bench.result("#{way.title}: times a scheduler was held for over 1 ms", [way.holds], "")
      ]
  end

  defp of_slicing(nil), do: []

  defp of_slicing(slicing) do
    for {name, samples} <- slicing do
      Bench.result("20 MB, one caller, #{name}", Enum.map(samples, &(&1 / 1_000_000)), "ms")
    end
  end

  defp of_memory(memory) do
    for way <- memory, {name, key} <- [{"rise", :rise}, {"terms", :terms}] do
      Bench.result("memory, #{way.title}: #{name}", [Map.fetch!(way, key)], "bytes")
    end
  end

  defp ms(us), do: figure(us / 1_000)
  defp mega(bytes), do: figure(bytes / 1_000_000)
  defp figure(value), do: Markdown.figure(value)
end
