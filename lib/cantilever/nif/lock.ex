defmodule Cantilever.Nif.Lock do
  @moduledoc false
  # What one process of the node does at a time. The lock goes when its process does.

  # Calls `fun` with the lock. While somebody else has it, `wait` is called again and again: it returns `:again` after a
  # pause, or what is to be returned instead.
  #
  # `:global.trans` waits up to eight seconds between its tries, long after the other has ended.
  @spec hold(term(), (() -> result), (() -> :again | refusal)) :: result | refusal
        when result: term(), refusal: term()
  def hold(name, fun, wait) do
    lock = {name, self()}

    if :global.set_lock(lock, [node()], 0) do
      try do
        fun.()
      after
        :global.del_lock(lock, [node()])
      end
    else
      with :again <- wait.(), do: hold(name, fun, wait)
    end
  end
end
