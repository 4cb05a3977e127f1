defmodule Cantilever.Bench.Responsiveness.Ways do
  @moduledoc """
  The ways of running a job that the bench compares.

      iex> Cantilever.Bench.Responsiveness.Ways.title(:kit_yielding)
      "kit, Yielding"
  """

  @titles [
    idle: "nothing runs",
    elixir: "pure Elixir",
    rustler_normal: "rustler, plain",
    rustler_dirty: "rustler, DirtyCpu",
    rustler_thread: "rustler, a thread each",
    port: "a port each",
    kit_yielding: "kit, Yielding",
    kit_dirty: "kit, DirtyCpu",
    kit_parallel: "kit, parallel"
  ]

  @type t ::
          :idle
          | :elixir
          | :rustler_normal
          | :rustler_dirty
          | :rustler_thread
          | :port
          | :kit_yielding
          | :kit_dirty
          | :kit_parallel

  @doc "All of them, in the order in which they are shown."
  @spec all() :: [t]
  def all, do: Keyword.keys(@titles)

  @doc "What one is called."
  @spec title(t) :: String.t()
  def title(way), do: Keyword.fetch!(@titles, way)

  @doc "Those that compute in Rust, so that their throughputs can be compared."
  @spec native() :: [t]
  def native, do: all() -- [:idle, :elixir]

  @doc "Those of the kit."
  @spec kit() :: [t]
  def kit, do: [:kit_yielding, :kit_dirty, :kit_parallel]
end
