defmodule Cantilever.Responsiveness.Report do
  @moduledoc """
  What `Cantilever.Responsiveness.measure/2` found out: three samples of the node, and the verdict.

      report = Cantilever.Responsiveness.measure(fn -> MyApp.Native.thumbnail(picture, 200) end)
      report.call.p99_us
      #=> 240
      report.verdict.status
      #=> :fine

  `idle`, `elixir` and `call` are the samples of the node while it did nothing, while the callers ran an Elixir loop,
  and while they called the function: the rounds of each as one `Cantilever.Responsiveness.Sample`. `single` is what
  single calls did, one at a time with nothing beside them; see `Cantilever.Responsiveness.Singles`. The rest is how it
  was measured, and on what.
  """

  alias Cantilever.Responsiveness.{Sample, Singles, Verdict}

  defstruct [
    :idle,
    :elixir,
    :call,
    :verdict,
    :concurrency,
    :duration_ms,
    :rounds,
    :max_hold_ms,
    :max_p99_ratio,
    :schedulers,
    :dirty_cpu_schedulers,
    :dirty_io_schedulers,
    single: %Singles{}
  ]

  @typedoc "Samples, verdict, and the conditions. The schedulers are those online; the verdict is nil until it is given."
  @type t :: %__MODULE__{
          idle: Sample.t(),
          elixir: Sample.t(),
          call: Sample.t(),
          single: Singles.t(),
          verdict: Verdict.t() | nil,
          concurrency: pos_integer,
          duration_ms: pos_integer,
          rounds: pos_integer,
          max_hold_ms: pos_integer,
          max_p99_ratio: number,
          schedulers: pos_integer,
          dirty_cpu_schedulers: pos_integer,
          dirty_io_schedulers: pos_integer
        }
end
