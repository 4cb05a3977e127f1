defmodule Cantilever.Bench.Soak.Link do
  @moduledoc false
  # The child's end of what it tells the bench: a pair of file descriptors that carry terms. Every process may write, and
  # what is written has left the VM before the call returns, unless the bench is slow to read.

  @key __MODULE__

  # Opens the link for the calling process, which ends when the bench does, and waits for the bench's first word.
  @spec open() :: term()
  def open do
    port = Port.open({:fd, 3, 4}, [:binary, packet: 4])
    :persistent_term.put(@key, port)

    receive do
      {^port, {:data, data}} -> :erlang.binary_to_term(data)
    end
  end

  @spec tell(term()) :: true
  def tell(term), do: Port.command(:persistent_term.get(@key), :erlang.term_to_binary(term))
end
