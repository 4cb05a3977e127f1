defmodule Cantilever.DataProcessor.Options do
  @moduledoc false
  # The options of a batch: one schema that validates, gives the defaults and writes the documentation. What passes here is a struct
  # that nobody checks again.

  alias Cantilever.Options

  @enforce_keys [:max_concurrency]
  defstruct [
    :max_concurrency,
    timeout: 5_000,
    ordered: true,
    chunk_size: :auto,
    retries: 0,
    on_progress: nil
  ]

  @type t :: %__MODULE__{
          max_concurrency: pos_integer,
          timeout: pos_integer | :infinity,
          ordered: boolean,
          chunk_size: pos_integer | :auto,
          retries: non_neg_integer,
          on_progress:
            nil | (Cantilever.DataProcessor.Progress.t() -> any) | :bar | {:bar, IO.device()}
        }

  @schema [
    max_concurrency: [
      shape: "a positive integer",
      default: "`System.schedulers_online()`",
      doc: "how many tasks run at the same time"
    ],
    timeout: [
      shape: "a number of milliseconds from 1 to 4_294_967_295 (an integer) or :infinity",
      default: "`5000`",
      doc:
        "what one item may take, each attempt anew, also inside a chunk. The item's process is killed, never too early, and too late " <>
          "by at most 1 ms, and in a chunk of several by a tenth of the timeout more"
    ],
    ordered: [
      shape: "true or false",
      default: "`true`",
      doc: "results in the order of the input; `false`: as they come"
    ],
    chunk_size: [
      shape: "a positive integer or :auto",
      default: "`:auto`",
      doc:
        "items for each task. `:auto` starts at 1 and aims at chunks of about a millisecond, at most 4096 items; a chunk that turns out " <>
          "slow gives its rest back, so slow items run one to a task"
    ],
    retries: [
      shape: "a non-negative integer",
      default: "`0`",
      doc: "how often a failed item is tried again, at once and alone"
    ],
    on_progress: [
      shape: "a function of one argument, :bar, {:bar, device} or nil",
      default: "`nil`",
      doc:
        "called in the caller's process with a `Cantilever.DataProcessor.Progress`, about ten times a second while the caller waits, and " <>
          "once at the end; `:bar` draws a bar on standard error, or prints a line every few seconds where that is no terminal"
    ]
  ]

  # The longest that `receive` and the timers of the VM take, and so every other timeout in Elixir.
  @longest_timeout 0xFFFFFFFF

  @doc "The options as a Markdown list."
  @spec docs() :: String.t()
  def docs do
    Options.list(
      for {key, entry} <- @schema,
          do: {key, entry[:doc], entry[:shape], "default #{entry[:default]}"}
    )
  end

  @doc "Reads the options, or raises `ArgumentError` that names the wrong one."
  @spec new!(keyword) :: t
  def new!(options) do
    shapes = for {key, entry} <- @schema, do: {key, fn -> entry[:shape] end}
    Options.check!(options, shapes, "a batch", &valid?/2)
    struct!(%__MODULE__{max_concurrency: System.schedulers_online()}, options)
  end

  defp valid?(:max_concurrency, value), do: is_integer(value) and value > 0
  defp valid?(:timeout, value), do: value == :infinity or value in 1..@longest_timeout
  defp valid?(:ordered, value), do: is_boolean(value)
  defp valid?(:chunk_size, value), do: value == :auto or (is_integer(value) and value > 0)
  defp valid?(:retries, value), do: is_integer(value) and value >= 0
  defp valid?(:on_progress, {:bar, device}), do: is_pid(device) or is_atom(device)
  defp valid?(:on_progress, value), do: value in [nil, :bar] or is_function(value, 1)
end
