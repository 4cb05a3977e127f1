defmodule Cantilever do
  @moduledoc """
  Rust native functions that the BEAM preempts like Elixir code.

    * `Cantilever.Nif` builds a Rust crate when its Elixir module is compiled, and loads it.
    * `Cantilever.Native` holds the kit's own native functions.
    * `Cantilever.DataProcessor` runs a function over a large collection, in supervised tasks.
    * `Cantilever.Responsiveness` measures whether a function keeps the node responsive, and guards it in tests.
    * `mix cantilever.doctor` does so from the command line, and says what helps.
    * `Cantilever.Telemetry` lists the events that tell what the kit does.
    * `Cantilever.NativePanic` is what a Rust panic becomes on the Elixir side.
  """
end
