defmodule Cantilever.JSON.Tool.Progress do
  @moduledoc false
  # How much of a file is done: a line that is drawn over itself on a terminal, and nothing elsewhere.

  alias Cantilever.Units
  alias Cantilever.TerminalLine

  @period_ms 100
  @widest 40
  @narrowest 10

  @enforce_keys [:columns, :total, :begun]
  defstruct [:columns, :total, :begun, done: 0, wrong: 0, last: nil, drawn?: false]

  @type t :: %__MODULE__{}

  @doc "At the start of so many bytes. Draws nothing unless `shown?`, and standard error is a terminal."
  @spec new(non_neg_integer() | nil, boolean()) :: t()
  def new(total, shown?) do
    now = now()
    %__MODULE__{columns: if(shown?, do: columns()), total: total, begun: now, last: now}
  end

  @doc "Further by so many bytes, with so many lines that are wrong. Draws if it is time to."
  @spec further(t(), non_neg_integer(), non_neg_integer()) :: t()
  def further(progress, bytes, wrong) do
    progress = %{progress | done: progress.done + bytes, wrong: progress.wrong + wrong}
    now = now()

    if progress.columns != nil and now - progress.last >= @period_ms do
      IO.write(:stderr, ["\r", line(progress, now - progress.begun)])
      %{progress | last: now, drawn?: true}
    else
      progress
    end
  end

  @doc "Takes the line away, such as before another is written."
  @spec clear(t()) :: t()
  def clear(%{drawn?: false} = progress), do: progress

  def clear(progress) do
    IO.write(:stderr, ["\r", TerminalLine.fit("", progress.columns), "\r"])
    %{progress | drawn?: false}
  end

  @doc "The line after so many milliseconds, in exactly as many columns as a line of the terminal has, less one."
  @spec line(t(), non_neg_integer()) :: String.t()
  def line(progress, elapsed_ms) do
    text = Enum.join(figures(progress, elapsed_ms), ", ")
    width = min(progress.columns - String.length(text) - 4, @widest)

    text =
      if progress.total in [nil, 0] or width < @narrowest,
        do: text,
        else: "[#{TerminalLine.bar(progress.done, progress.total, width)}] #{text}"

    TerminalLine.fit(text, progress.columns)
  end

  defp figures(%{done: done, total: total, wrong: wrong}, elapsed_ms) do
    rate = done * 1_000 / max(elapsed_ms, 1)
    known? = total not in [nil, 0] and done > 0

    Enum.reject(
      [
        if(known?,
          do: "#{div(done * 100, total)} % of #{Units.bytes(total)}",
          else: Units.bytes(done)
        ),
        if(wrong > 0, do: "#{wrong} wrong"),
        "#{Units.bytes(rate)}/s",
        if(known?, do: "#{ceil(max(total - done, 0) / rate)} s left")
      ],
      &is_nil/1
    )
  end

  defp columns do
    case :io.columns(:standard_error) do
      {:ok, columns} -> columns
      {:error, _no_terminal} -> nil
    end
  end

  defp now, do: System.monotonic_time(:millisecond)
end
