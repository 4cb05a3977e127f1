defmodule Cantilever.JSON.Tool.Lines do
  @moduledoc false
  # Checks or writes anew a file of documents of a line each, in blocks of whole lines, on all schedulers. What is kept is
  # a few blocks: a line that is longer than one is a block for itself.

  alias Cantilever.DataProcessor
  alias Cantilever.JSON
  alias Cantilever.JSON.Tool.Place

  # So many wrong lines of a block are told where they are wrong.
  @placed 20

  @type mode :: :check | {:print, [JSON.encode_option()]}

  @type totals :: %{
          lines: non_neg_integer(),
          documents: non_neg_integer(),
          wrong: non_neg_integer(),
          bytes: non_neg_integer()
        }

  @type done :: %{
          lines: non_neg_integer(),
          documents: non_neg_integer(),
          wrong: non_neg_integer(),
          bytes: non_neg_integer(),
          faults: [{Place.t(), String.t()}],
          output: [binary()]
        }

  @doc """
  Goes through the lines that come in chunks, and through what was done with each block in their order, with
  `fun`, which is given that and what it has returned for the one before.
  """
  @spec run(Enumerable.t(), mode(), acc, (done(), acc -> {:ok, acc} | {:error, reason})) ::
          {:ok, totals(), acc} | {:error, acc, reason | String.t()}
        when acc: term(), reason: term()
  def run(chunks, mode, acc, fun) do
    chunks
    |> blocks()
    |> DataProcessor.stream(&block(&1, mode), chunk_size: 1, timeout: :infinity)
    |> Enum.reduce_while({:ok, %{lines: 0, documents: 0, wrong: 0, bytes: 0}, acc}, fn
      {:ok, done}, {:ok, totals, acc} ->
        done = %{done | faults: Enum.map(done.faults, &further_down(&1, totals.lines))}

        case fun.(done, acc) do
          {:ok, acc} -> {:cont, {:ok, add(totals, done), acc}}
          {:error, reason} -> {:halt, {:error, acc, reason}}
        end

      {:error, error}, {:ok, totals, acc} ->
        what = inspect(error.reason, limit: 5, printable_limit: 200)

        {:halt,
         {:error, acc,
          "the lines after line #{totals.lines} could not be read: #{error.kind} #{what}"}}
    end)
  end

  @doc "The chunks cut at the ends of lines, so that none is in two blocks."
  @spec blocks(Enumerable.t()) :: Enumerable.t()
  def blocks(chunks) do
    Stream.transform(
      chunks,
      fn -> [] end,
      fn chunk, rest ->
        case after_last_line(chunk, byte_size(chunk)) do
          0 ->
            {[], [rest, chunk]}

          length ->
            <<lines::binary-size(length), next::binary>> = chunk
            {[IO.iodata_to_binary([rest, lines])], [next]}
        end
      end,
      fn rest ->
        last = IO.iodata_to_binary(rest)
        {if(last == "", do: [], else: [last]), []}
      end,
      fn _rest -> :ok end
    )
  end

  defp after_last_line(_chunk, 0), do: 0

  defp after_last_line(chunk, length) do
    if :binary.at(chunk, length - 1) == ?\n, do: length, else: after_last_line(chunk, length - 1)
  end

  # What is done with one block, in a process of its own.
  defp block(block, mode) do
    lines = :binary.split(block, "\n", [:global])
    # What follows the last end of a line is no line, if it is nothing.
    count = if List.last(lines) == "", do: length(lines) - 1, else: length(lines)

    done = %{
      bytes: byte_size(block),
      lines: count,
      documents: 0,
      wrong: 0,
      faults: [],
      output: []
    }

    done =
      lines
      |> Enum.with_index(1)
      |> Enum.reduce(done, fn {line, number}, done ->
        case document(line, mode) do
          :blank -> done
          {:ok, text} -> %{done | documents: done.documents + 1, output: [done.output | text]}
          {:error, error} -> fault(done, number, error, line)
        end
      end)

    # In one piece, as each is a call to whoever writes it.
    output = for text <- [IO.iodata_to_binary(done.output)], text != "", do: text
    %{done | faults: Enum.reverse(done.faults), output: output}
  end

  defp document(line, mode) do
    case {JSON.decode(line, options(mode)), mode} do
      {{:ok, _term}, :check} -> {:ok, []}
      {{:ok, term}, {:print, encode}} -> {:ok, [JSON.encode_to_iodata!(term, encode), ?\n]}
      {{:error, error}, _mode} -> if JSON.Stream.blank?(line), do: :blank, else: {:error, error}
    end
  end

  defp options(:check), do: []
  defp options({:print, _encode}), do: [objects: :ordered]

  defp fault(%{wrong: wrong} = done, _number, _error, _line) when wrong >= @placed,
    do: %{done | wrong: wrong + 1}

  defp fault(done, number, error, line) do
    place = Place.in_line(line, number, error.position)
    %{done | wrong: done.wrong + 1, faults: [{place, error.expected} | done.faults]}
  end

  defp further_down({place, what}, lines), do: {%{place | line: place.line + lines}, what}

  defp add(totals, done), do: Map.new(totals, fn {key, total} -> {key, total + done[key]} end)
end
