defmodule Cantilever.TerminalLine do
  @moduledoc false
  # A line that is drawn over itself on a terminal: pure, for whatever shows progress.

  @doc """
  `text` in exactly `columns - 1` columns, so that nothing of the line before stays and none wraps.

      iex> Cantilever.TerminalLine.fit("reading", 5)
      "read"
  """
  @spec fit(String.t(), non_neg_integer) :: String.t()
  def fit(text, columns) do
    width = max(columns - 1, 0)
    text |> String.slice(0, width) |> String.pad_trailing(width)
  end

  @doc """
  A bar of `width` characters, as full as `done` is of `total`.

      iex> Cantilever.TerminalLine.bar(1, 2, 6)
      "###..."
  """
  @spec bar(non_neg_integer, pos_integer, pos_integer) :: String.t()
  def bar(done, total, width) do
    full = min(div(done * width, total), width)
    String.duplicate("#", full) <> String.duplicate(".", width - full)
  end
end
