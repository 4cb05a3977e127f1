defmodule Cantilever.Bench.Chat.Kills do
  @moduledoc """
  Kills the whole node of a chat with signal 9, again and again, and looks each time at what is in the database.
  """

  alias Cantilever.Bench.Chat.Ledger
  alias Cantilever.Bench.Chat.Node
  alias Cantilever.DatabaseWorker

  @rooms for number <- 1..12, do: "room #{number}"
  @senders for number <- 1..32, do: {"user #{number}", 1, rem(number, 2) == 0}

  @typedoc "When the node is killed: so many ms after it was started, or after it is running, or after so many
  acknowledgements, a multiple of 10."
  @type moment ::
          {:started, ms :: non_neg_integer}
          | {:running, ms :: non_neg_integer}
          | {:acknowledged, pos_integer}

  @doc "Runs a round for each of the moments, all on one database in the folder, and returns what is known in the end."
  @spec run(Path.t(), [moment], (Ledger.t() -> any)) :: Ledger.t()
  def run(folder, moments, done \\ fn _ledger -> :ok end) do
    database = Path.join(folder, "killed.db")

    Enum.reduce(moments, Ledger.new(@rooms, @senders), fn moment, ledger ->
      log = Path.join(folder, "killed.log")
      File.rm(log)
      load = [rooms: @rooms, senders: Ledger.senders(ledger), log: log]
      node = Node.start({:chat, database, load})
      await(node, moment)
      Node.kill(node)
      ledger = ledger |> Ledger.read(log) |> compare(database)
      done.(ledger)
      ledger
    end)
  end

  defp await(_node, {:started, ms}), do: pause(ms)

  defp await(node, {:running, ms}) do
    running(node, Node.wait(node, &(&1 == "running")))
    pause(ms)
  end

  defp await(node, {:acknowledged, count}),
    do: running(node, Node.wait(node, &(&1 == "acknowledged #{count}")))

  defp running(_node, :ok), do: :ok
  defp running(_node, {:died, how}), do: raise("the node of the chat did not come up: #{how}")

  defp pause(ms), do: receive(after: (ms -> :ok))

  defp compare(ledger, database) do
    {:ok, worker} = DatabaseWorker.start_link(path: database, readers: 0)
    ledger = Ledger.compare(ledger, worker)
    GenServer.stop(worker)
    ledger
  end
end
