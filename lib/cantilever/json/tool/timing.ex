defmodule Cantilever.JSON.Tool.Timing do
  @moduledoc false
  # How long a document takes to read and to write.

  alias Cantilever.JSON
  alias Cantilever.JSON.DecodeError
  alias Cantilever.Native
  alias Cantilever.Units

  # Rounds are made until there are as many and they have taken as long.
  @least_rounds 5
  @least_ns 500_000_000
  @most_rounds 2_000

  # 256 MiB, which the collector is left to enlarge.
  @most_words 32 * 1024 * 1024

  @type figures :: %{
          rounds: pos_integer(),
          median_ns: pos_integer(),
          bytes: non_neg_integer(),
          slices: non_neg_integer(),
          longest_slice_ns: non_neg_integer()
        }

  @doc "The figures of decoding and encoding. Each round has a process of its own, so that none collects what others have left."
  @spec measure(binary()) ::
          {:ok, [decode: figures(), encode: figures()]} | {:error, DecodeError.t()}
  def measure(text) do
    with {:ok, _term} <- JSON.decode(text) do
      {:ok, [decode: figures(text, :decode), encode: figures(text, :encode)]}
    end
  end

  @doc "The figures in lines."
  @spec render(String.t(), non_neg_integer(), decode: figures(), encode: figures()) :: iodata()
  def render(name, bytes, figures) do
    [
      "#{name}: #{Units.grouped(bytes)} bytes"
      | for({what, figures} <- figures, do: ["\n  ", line(what, figures)])
    ]
  end

  defp line(what, figures) do
    rate = figures.bytes * 1_000 / figures.median_ns

    "#{what}  #{Units.number(rate)} MB/s, median #{Units.duration(figures.median_ns / 1_000)} of " <>
      "#{figures.rounds} rounds, #{slices(figures)}"
  end

  defp slices(%{slices: 0}), do: "in one go"

  defp slices(figures),
    do:
      "#{figures.slices} slices, the longest #{Units.duration(figures.longest_slice_ns / 1_000)}"

  defp figures(text, what) do
    rounds = rounds(text, what, [], 0)
    nanoseconds = for {ns, _bytes, _slices} <- rounds, do: ns
    [{_ns, bytes, _slices} | _] = rounds
    {slices, longest} = rounds |> Enum.map(&elem(&1, 2)) |> Enum.unzip()

    %{
      rounds: length(rounds),
      median_ns: max(median(nanoseconds), 1),
      bytes: bytes,
      slices: median(slices),
      longest_slice_ns: Enum.max(longest)
    }
  end

  defp rounds(text, what, done, spent) do
    {ns, _bytes, _slices} = round = in_process(text, fn -> round(text, what) end)
    done = [round | done]
    spent = spent + ns

    if length(done) == @most_rounds or (length(done) >= @least_rounds and spent >= @least_ns),
      do: done,
      else: rounds(text, what, done, spent)
  end

  defp round(text, :decode),
    do: clocked(fn -> JSON.decode!(text) end, fn _term -> byte_size(text) end)

  defp round(text, :encode) do
    term = JSON.decode!(text)
    clocked(fn -> JSON.encode_to_iodata!(term) end, &IO.iodata_length/1)
  end

  defp clocked(work, bytes) do
    _slices_before = Native.take_slice_stats()
    start = System.monotonic_time()
    result = work.()
    stop = System.monotonic_time()
    slices = Native.take_slice_stats()
    {System.convert_time_unit(stop - start, :native, :nanosecond), bytes.(result), slices}
  end

  # With room for the terms, as `Cantilever.JSON` advises.
  defp in_process(text, fun) do
    caller = self()

    {pid, monitor} =
      :erlang.spawn_opt(
        fn -> send(caller, {self(), fun.()}) end,
        [:monitor, min_heap_size: min(2 * byte_size(text), @most_words)]
      )

    receive do
      {^pid, result} ->
        Process.demonitor(monitor, [:flush])
        result

      {:DOWN, ^monitor, :process, ^pid, reason} ->
        exit(reason)
    end
  end

  defp median(values), do: values |> Enum.sort() |> Enum.at(div(length(values), 2))
end
