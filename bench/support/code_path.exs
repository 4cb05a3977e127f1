defmodule Cantilever.Bench.CodePath do
  @moduledoc """
  The code of this VM for another one that is started with `erl`.

      :peer.start_link(%{connection: :standard_io, args: Cantilever.Bench.CodePath.arguments()})
  """

  # The VM puts each in front of those before it, and the consolidated protocols are to come first.
  @doc "The arguments that give it the same code path, in the same order."
  @spec arguments() :: [charlist, ...]
  def arguments, do: [~c"-pa" | Enum.reverse(:code.get_path())]
end
