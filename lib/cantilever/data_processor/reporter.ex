defmodule Cantilever.DataProcessor.Reporter do
  @moduledoc false
  # Decides when the option `:on_progress` is due, and whom to tell: the user's function, or a bar. A bar on a terminal is drawn over
  # itself; elsewhere (a log, a pipe) it is a line every few seconds.

  alias Cantilever.DataProcessor.Bar
  alias Cantilever.DataProcessor.Progress

  @period_ms 100
  @line_period_ms 5_000

  @enforce_keys [:target, :period]
  defstruct [:target, :period, :total, :drawn?, last: 0]

  @type t :: %__MODULE__{}

  @doc "A reporter for the option's value."
  @spec new(nil | function | :bar | {:bar, IO.device()}, non_neg_integer | nil) :: t
  def new(nil, _total), do: %__MODULE__{target: nil, period: :infinity}
  def new(:bar, total), do: new({:bar, :standard_error}, total)

  def new({:bar, device}, total) do
    device = registered(device)

    case :io.columns(device) do
      {:ok, columns} -> reporter({:bar, device, columns}, @period_ms, total)
      {:error, _no_terminal} -> reporter({:lines, device}, @line_period_ms, total)
    end
  end

  def new(fun, total), do: reporter(fun, @period_ms, total)

  @doc "Reports if it is time to, and at the end in any case."
  @spec report(t, Cantilever.DataProcessor.Coordinator.reply(), non_neg_integer) :: t
  def report(%{target: nil} = reporter, _reply, _elapsed_ms), do: reporter

  def report(reporter, reply, elapsed_ms) do
    if reply.finished? or elapsed_ms - reporter.last >= reporter.period do
      progress =
        Progress.new(reply.completed, reply.failed, reporter.total, elapsed_ms, reply.finished?)

      tell(reporter.target, progress)
      %{reporter | last: elapsed_ms, drawn?: not reply.finished?}
    else
      reporter
    end
  end

  @doc "Leaves the line of a bar that was stopped on its way."
  @spec close(t) :: :ok
  def close(%{target: {:bar, device, _columns}, drawn?: true}), do: IO.write(device, "\n")
  def close(_reporter), do: :ok

  # Elixir's short names, which OTP does not know.
  defp registered(:stdio), do: :standard_io
  defp registered(:stderr), do: :standard_error
  defp registered(device), do: device

  defp reporter(target, period, total),
    do: %__MODULE__{target: target, period: period, total: total}

  defp tell({:bar, device, columns}, progress) do
    IO.write(device, [
      "\r",
      Bar.line(progress, columns),
      if(progress.finished?, do: "\n", else: "")
    ])
  end

  defp tell({:lines, device}, progress), do: IO.puts(device, Bar.summary(progress))
  defp tell(fun, progress), do: fun.(progress)
end
