defmodule Cantilever.Bench.Chat.Child do
  @moduledoc """
  What runs in a VM of its own, which may be killed, or which is there to lock a database that others use.

  It says what it does in lines on its standard output, and ends when its standard input does.
  """

  alias Cantilever.Bench.Chat.Load
  alias Cantilever.DatabaseWorker

  @doc "The command line's one argument is a term, as base 64."
  @spec main() :: no_return
  def main do
    [argument] = System.argv()
    {:ok, _started} = Application.ensure_all_started(:cantilever)
    Logger.configure(level: :none)
    argument |> Base.decode64!() |> :erlang.binary_to_term() |> run()
    System.halt(0)
  end

  defp run({:chat, database, load}) do
    chat = Cantilever.Bench.Chat.Killed
    store = {Cantilever.Chat.Store.SQLite, path: database}
    {:ok, _chat} = Cantilever.Chat.start_link(name: chat, store: store)
    say("running")
    Load.start(chat, load ++ [told: &tell/1])
    wait()
  end

  defp run({:lock, database}) do
    {:ok, worker} = DatabaseWorker.start_link(path: database, readers: 0)

    {:ok, :ok} =
      DatabaseWorker.transaction(
        worker,
        fn _transaction ->
          say("locked")
          wait()
        end,
        timeout: :infinity
      )

    say("released")
    wait()
  end

  # To say so for each would be most of the work.
  defp tell(count), do: if(rem(count, 10) == 0, do: say("acknowledged #{count}"))

  defp wait do
    _line_or_end = IO.read(:stdio, :line)
    :ok
  end

  defp say(line), do: IO.puts(line)
end
