defmodule Cantilever.Bench.CodePath do
  @moduledoc """
  The code of this VM for another one that is started with `erl`.

      :peer.start_link(%{connection: :standard_io, args: Cantilever.Bench.CodePath.arguments()})
  """

  # One `-pa` with all of them keeps their order, in which the consolidated protocols come first; one for each turns it round.
  @doc "The arguments that give it the same code path, in the same order."
  @spec arguments() :: [charlist, ...]
  def arguments, do: [~c"-pa" | :code.get_path()]
end
