defmodule Cantilever.Bench.Markdown do
  @moduledoc """
  Tables and figures as the pages in `bench/results/` show them.

      iex> Cantilever.Bench.Markdown.table(["", "ms"], [["idle", "0.06"]]) |> IO.iodata_to_binary()
      "| | ms |\\n|---|---:|\\n| idle | 0.06 |\\n"
  """

  alias Cantilever.Units

  @doc "A table whose first column is text and whose others are figures."
  @spec table([String.t()], [[String.t()]]) :: iodata
  def table(head, rows) do
    rule = ["|---", List.duplicate("|---:", length(head) - 1), "|\n"]
    [row(head), rule, Enum.map(rows, &row/1)]
  end

  defp row(cells), do: ["|", Enum.map(cells, &cell/1), "\n"]

  defp cell(""), do: " |"
  defp cell(text), do: [" ", String.replace(text, "|", "\\|"), " |"]

  @doc """
  Microseconds as milliseconds.

      iex> Enum.map([64, 12_345, 1_234_567], &Cantilever.Bench.Markdown.ms/1)
      ["0.06", "12.3", "1,235"]
  """
  @spec ms(number) :: String.t()
  def ms(us), do: figure(us / 1_000)

  @doc """
  A figure in as many digits as say something.

      iex> Enum.map([0.064, 12.345, 123.4, 1_234_567], &Cantilever.Bench.Markdown.figure/1)
      ["0.06", "12.3", "123", "1,234,567"]
  """
  @spec figure(number) :: String.t()
  def figure(value) when abs(value) < 9.995, do: :erlang.float_to_binary(value / 1, decimals: 2)
  def figure(value) when abs(value) < 99.95, do: :erlang.float_to_binary(value / 1, decimals: 1)

  def figure(value), do: value |> round() |> Units.grouped()

  @doc """
  A number of callers.

      iex> Enum.map([1, 4], &Cantilever.Bench.Markdown.callers/1)
      ["1 caller", "4 callers"]
  """
  @spec callers(pos_integer) :: String.t()
  def callers(1), do: "1 caller"
  def callers(count), do: "#{count} callers"

  @doc "The machine as a sentence."
  @spec machine(Cantilever.Bench.Machine.t()) :: String.t()
  def machine(machine) do
    "Measured on #{machine.cores} cores of #{machine.cpu} (#{machine.kernel}), OTP #{machine.otp}, " <>
      "Elixir #{machine.elixir}, rustc #{machine.rustc}."
  end

  @doc "The goals as a table."
  @spec goals([Cantilever.Bench.goal()]) :: iodata
  def goals(goals) do
    rows =
      for goal <- goals do
        [goal.name, figure(goal.value), goal.goal, if(goal.met, do: "met", else: "**NOT MET**")]
      end

    table(["goal", "value", "wanted", ""], rows)
  end
end
