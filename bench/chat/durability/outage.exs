defmodule Cantilever.Bench.Chat.Outage do
  @moduledoc """
  Takes a chat's database away under load and gives it back: what senders hear, what is stored, and when it goes on.
  """

  alias Cantilever.Bench.Chat.Ledger
  alias Cantilever.Bench.Chat.Load
  alias Cantilever.Chat
  alias Cantilever.Chat.Store.SQLite

  @rooms for number <- 1..4, do: "room #{number}"
  @senders for number <- 1..8, do: {"user #{number}", 1, rem(number, 2) == 0}
  # Less than most outages take, so that senders hear of them.
  @timeout_ms 250
  @messages 200
  @errors 50
  @patience_ms 60_000
  @pause_ms 1

  @typedoc "`read` is what came of reading a room's history meanwhile."
  @type found :: %{
          ledger: Ledger.t(),
          resumed_ms: float,
          read: {:ok, [Chat.Message.t()]} | {:error, Chat.Error.t()}
        }

  @doc """
  `break` takes the database away and gives what `mend` needs to give it back. With `:from_the_start` that is before the chat starts. It is away until
  senders got so many errors, and for `:at_least_ms`.
  """
  @spec run(Path.t(), Path.t(), (() -> broken), (broken -> any), keyword) :: found
        when broken: term
  def run(folder, database, break, mend, options \\ []) do
    broken = if options[:from_the_start] == true, do: {:already, break.()}
    log = Path.join(folder, "outage#{System.unique_integer([:positive])}.log")
    {chat, supervisor} = start_chat(database)
    load = start_load(chat, log, broken)
    broken = if broken, do: elem(broken, 1), else: break.()

    stay_broken(load, options[:at_least_ms] || 0)
    before = Load.acknowledged(load)
    read = Chat.history(chat, hd(@rooms))
    mended = now()
    mend.(broken)
    until(fn -> Load.acknowledged(load) > before end)
    resumed_ms = now() - mended
    until(fn -> Load.acknowledged(load) >= before + @messages end)
    Load.stop(load)

    ledger = Ledger.new(@rooms, @senders) |> Ledger.read(log)
    ledger = Ledger.compare(ledger, Module.concat(chat, Database))
    Supervisor.stop(supervisor)
    %{ledger: ledger, resumed_ms: resumed_ms, read: read}
  end

  defp start_chat(database) do
    chat = :"#{__MODULE__}#{System.unique_integer([:positive])}"
    child = {Chat, name: chat, store: {SQLite, path: database}}
    {:ok, supervisor} = Supervisor.start_link([child], strategy: :one_for_one)
    {chat, supervisor}
  end

  # Subscribers join only where the database can be read.
  defp start_load(chat, log, broken) do
    load = [senders: @senders, rooms: @rooms, log: log, timeout: @timeout_ms]
    load = Load.start(chat, load ++ [subscribe: broken == nil])
    if broken == nil, do: until(fn -> Load.acknowledged(load) >= @messages end)
    load
  end

  defp stay_broken(load, at_least_ms) do
    before = Load.refused(load)
    broken = now()

    until(fn -> Load.refused(load) >= before + @errors and now() - broken >= at_least_ms end)
  end

  defp until(condition, deadline \\ now() + @patience_ms) do
    cond do
      condition.() ->
        :ok

      now() > deadline ->
        raise "the chat has not come to where it should within #{@patience_ms} ms"

      true ->
        receive after: (@pause_ms -> :ok)
        until(condition, deadline)
    end
  end

  defp now, do: System.monotonic_time(:microsecond) / 1_000
end
