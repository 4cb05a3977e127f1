defmodule Cantilever.DatabaseWorker.Options do
  @moduledoc false
  # The options of a worker: one schema that validates, gives the defaults and writes the documentation. What passes here is a struct that
  # nobody checks again.

  alias Cantilever.Options

  @enforce_keys [:path, :readers]
  defstruct [
    :name,
    :path,
    :readers,
    synchronous: :full,
    max_queue: 1_000,
    statement_cache: 100,
    progress_steps: 1_000,
    max_bytes: 67_108_864,
    max_result_bytes: 268_435_456
  ]

  @type t :: %__MODULE__{
          name: GenServer.name() | nil,
          path: String.t() | :memory,
          readers: non_neg_integer,
          synchronous: :full | :normal,
          max_queue: pos_integer,
          statement_cache: pos_integer,
          progress_steps: non_neg_integer,
          max_bytes: pos_integer,
          max_result_bytes: pos_integer
        }

  @schema [
    name: [
      shape: "an atom, {:global, term} or {:via, module, term}",
      default: "none",
      doc: "the name under which the worker is called"
    ],
    path: [
      shape: "a path as a string without NUL, or \":memory:\"",
      default: "none, it must be given",
      doc:
        "the file of the database, which is made where there is none, in a directory that must be there; `\":memory:\"` is a database of the " <>
          "worker's own, without readers, and lost with it"
    ],
    readers: [
      shape: "an integer from 0 to 64",
      default: "`System.schedulers_online()`",
      doc: "how many connections read beside the one that writes; with 0 that one reads too"
    ],
    synchronous: [
      shape: ":full or :normal",
      default: "`:full`",
      doc:
        "`:full`: what is committed survives a loss of power; `:normal`: it survives every crash of programs, and the last commits before a " <>
          "loss of power may be undone"
    ],
    max_queue: [
      shape: "an integer from 1 to 1_000_000",
      default: "`1000`",
      doc:
        "how many callers may wait for the writer, and how many for a reader; further ones get `:overloaded`"
    ],
    statement_cache: [
      shape: "an integer from 1 to 10_000",
      default: "`100`",
      doc: "how many prepared statements each connection keeps"
    ],
    progress_steps: [
      shape: "an integer from 0 to 1_000_000_000",
      default: "`1000`",
      doc:
        "after how many of its instructions SQLite looks whether a statement is to stop; 1000 take about 20 µs. With 0 it never does, and a " <>
          "statement runs to its end"
    ],
    max_bytes: [
      shape: "an integer from 1_000 to 1_000_000_000",
      default: "64 MiB",
      doc: "the largest text, blob or row. Of the SQL itself it is a million bytes at most"
    ],
    max_result_bytes: [
      shape: "an integer from 1_000 to 1_000_000_000_000",
      default: "256 MiB",
      doc: "about how much the rows of one result may take"
    ]
  ]

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
    Options.check!(options, shapes, "a database worker", &valid?/2)

    unless Keyword.has_key?(options, :path) do
      raise ArgumentError,
            "a database worker needs the option :path, which must be #{@schema[:path][:shape]}"
    end

    settle(struct!(%__MODULE__{path: nil, readers: System.schedulers_online()}, options))
  end

  defp settle(%__MODULE__{path: ":memory:"} = options),
    do: %{options | path: :memory, readers: 0}

  # An absolute path is never taken for one of the URIs that SQLite understands.
  defp settle(options), do: %{options | path: Path.expand(options.path)}

  defp valid?(:name, {:global, _name}), do: true
  defp valid?(:name, {:via, module, _name}), do: is_atom(module)
  defp valid?(:name, value), do: is_atom(value)

  defp valid?(:path, value),
    do: is_binary(value) and value != "" and String.valid?(value) and not (value =~ <<0>>)

  defp valid?(:readers, value), do: value in 0..64
  defp valid?(:synchronous, value), do: value in [:full, :normal]
  defp valid?(:max_queue, value), do: value in 1..1_000_000
  defp valid?(:statement_cache, value), do: value in 1..10_000
  defp valid?(:progress_steps, value), do: value in 0..1_000_000_000
  defp valid?(:max_bytes, value), do: value in 1_000..1_000_000_000
  defp valid?(:max_result_bytes, value), do: value in 1_000..1_000_000_000_000
end
