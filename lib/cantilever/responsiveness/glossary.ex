defmodule Cantilever.Responsiveness.Glossary do
  @moduledoc false
  # The words of a report, for whoever does not work with schedulers every day.

  alias Cantilever.Responsiveness.Report

  @doc "Pairs of a word and what it means."
  @spec entries(Report.t()) :: [{String.t(), String.t()}]
  def entries(report) do
    [
      {"p50, p90, p99, p99.9", "Of all answers, 50, 90, 99 or 99.9 % came within this time."},
      {"scheduler",
       "A thread of the VM that runs processes, one after the other, each for a short while. " <>
         "Here #{report.schedulers} of them run everything that is written in Elixir."},
      {"hold",
       "A call that keeps a scheduler for a millisecond or longer, so that no other process runs there. " <>
         "The VM itself reports holds. Native code that does not yield holds its scheduler until it returns. " <>
         "The operating system that takes the processor away looks the same, so a few holds beside pure Elixir are its doing."},
      {"dirty scheduler",
       "A thread of the VM for native code that takes long. It holds up no process, but there are few: calls wait in line when all are busy, " <>
         "and the VM needs them too, for garbage collection and for files."},
      {"waiting for a scheduler",
       "How many processes, or calls, were ready to run and had to wait for their turn."},
      {"yield",
       "To give the scheduler back after a short while and go on later, as Elixir code does by itself and an " <>
         "async fn with checkpoints does in Rust."}
    ]
  end
end
