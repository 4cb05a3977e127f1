defmodule Cantilever.Bench.Chat.Crowd do
  @moduledoc """
  A chat on a database, with clients in its rooms, senders, and a witness: what crashes are let loose on.

      crowd = Crowd.start(folder, clients: 100)
      {:ok, _what} = Crowd.kill(crowd, :queue)
      %{wrong: 0, …} = Crowd.finish(crowd)
  """

  alias Cantilever.Bench.Chat.Client
  alias Cantilever.Bench.Chat.Ledger
  alias Cantilever.Bench.Chat.Load
  alias Cantilever.Bench.Chat.Victims
  alias Cantilever.Bench.Chat.Witness
  alias Cantilever.Chat
  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Store
  alias Cantilever.Chat.Store.SQLite

  @patience_ms 20_000
  @pause_ms 5

  @type t :: map

  @doc """
  Options: `:clients`, `:rooms`, `:rooms_per_client`, `:senders`, the `:pause` of each, `:wander` of the clients, `:keep` of the store; `:check` is false
  for one that runs too long to keep what was said.
  """
  @spec start(Path.t(), keyword) :: t
  def start(folder, options) do
    chat = :"#{__MODULE__}#{System.unique_integer([:positive])}"
    rooms = for number <- 1..options[:rooms], do: "room #{number}"
    senders = for number <- 1..options[:senders], do: {"sender #{number}", 1, rem(number, 2) == 0}
    store = {SQLite, path: Path.join(folder, "#{chat}.db"), keep: options[:keep] || :all}

    # So that rooms have shards, and a machine that stands still for a while drops nobody.
    {:ok, supervisor} =
      Supervisor.start_link(
        [{Chat, name: chat, store: store, shard_members: 15, max_lag: 1_000_000}],
        strategy: :one_for_one
      )

    table = :ets.new(:connections, [:public])
    log = if options[:check] != false, do: Path.join(folder, "#{chat}.log")

    clients =
      for number <- 1..options[:clients] do
        inside =
          for step <- 1..options[:rooms_per_client],
              do: Enum.at(rooms, rem(number + step * 7, length(rooms)))

        Client.start(chat, "client #{number}", Enum.uniq(inside), table, wander: options[:wander])
      end

    load = Load.start(chat, rooms: rooms, senders: senders, log: log, pause: options[:pause])

    crowd = %{
      chat: chat,
      supervisor: supervisor,
      rooms: rooms,
      table: table,
      clients: clients,
      load: load,
      log: log,
      ledger: Ledger.new(rooms, senders),
      witness: Witness.start(chat, rooms)
    }

    Map.put(crowd, :shape, shape(crowd))
  end

  @doc "Kills a process of this kind; gives it and what it was for."
  @spec kill(t, Victims.kind()) :: {:ok, pid, term} | :nobody
  def kill(crowd, kind) do
    case Victims.find(kind, crowd.chat, crowd.rooms, crowd.table) do
      nil ->
        :nobody

      {pid, what} ->
        Process.exit(pid, :kill)
        {:ok, pid, what}
    end
  end

  @doc "Ends it, and says all that was wrong, once everything has had the time to come to rest."
  @spec finish(t) :: map
  def finish(crowd) do
    Load.stop(crowd.load)
    expected = expected(crowd)
    rest? = until(fn -> expected == nil or at_rest?(crowd, expected) end)
    reports = Enum.map(crowd.clients, &Client.report/1)
    ends = Witness.ends(crowd.witness)

    found = %{
      missing: if(rest?, do: 0, else: behind(reports, expected)),
      wrong: reports |> Enum.map(& &1.wrong) |> Enum.sum(),
      examples: reports |> Enum.flat_map(& &1.examples) |> Enum.take(10),
      acknowledged: Load.acknowledged(crowd.load),
      delivered:
        reports |> Enum.flat_map(&Map.values(&1.seen)) |> Enum.map(&elem(&1, 0)) |> Enum.sum(),
      ends: ends,
      same_shape?: until(fn -> same_shape?(crowd) end),
      ledger: compare(crowd)
    }

    close(crowd)
    found
  end

  @doc "Ends it without looking."
  @spec close(t) :: :ok
  def close(crowd) do
    Load.stop(crowd.load)
    Enum.each(crowd.clients, &Client.stop/1)
    Process.unlink(crowd.witness)
    Process.exit(crowd.witness, :kill)
    Supervisor.stop(crowd.supervisor)
    :ets.delete(crowd.table)
    :ok
  end

  # What each client of a room must have: the last number, and the hash of all.
  defp expected(%{log: nil}), do: nil

  defp expected(crowd) do
    config = Config.fetch!(crowd.chat)
    for room <- crowd.rooms, into: %{}, do: {room, seen(config.store, room, {0, 0})}
  end

  defp seen(store, room, {last, hash}) do
    case Store.newer(store, room, last, 1_000) do
      {:ok, []} ->
        {last, hash}

      {:ok, messages} ->
        hash = Enum.reduce(messages, hash, &Client.hash(&2, {&1.seq, &1.user_id, &1.json}))
        seen(store, room, {List.last(messages).seq, hash})

      {:error, _away} ->
        pause()
        seen(store, room, {last, hash})
    end
  end

  defp at_rest?(crowd, expected),
    do: crowd.clients |> Enum.map(&Client.report/1) |> behind(expected) == 0

  defp behind(_reports, nil), do: 0

  defp behind(reports, expected),
    do:
      Enum.count(
        for report <- reports, {room, seen} <- report.seen, seen != expected[room], do: room
      )

  defp compare(%{log: nil}), do: nil

  defp compare(crowd) do
    %{store: {SQLite, %{worker: worker}}} = Config.fetch!(crowd.chat)
    crowd.ledger |> Ledger.read(crowd.log) |> Ledger.compare(worker)
  end

  # Senders and subscribers are gone, so it is that of before them.
  defp same_shape?(crowd) do
    {tree, rooms, connections} = crowd.shape
    {now, rooms_now, connections_now} = shape(crowd)
    now == tree and rooms_now == rooms and connections_now == connections - length(crowd.rooms)
  catch
    :exit, _restarting -> false
  end

  @doc "The supervision tree without what comes and goes, and how many rooms and connections there are."
  @spec shape(t) :: {term, non_neg_integer, non_neg_integer}
  def shape(crowd) do
    config = Config.fetch!(crowd.chat)
    count = &(Enum.map(partitions(&1), fn pid -> active(pid) end) |> Enum.sum())
    tree = {crowd.chat, children(Process.whereis(crowd.chat))}
    {tree, count.(config.room_supervisor), count.(config.connection_supervisor)}
  end

  defp partitions(supervisor),
    do: for({_id, pid, _, _} <- PartitionSupervisor.which_children(supervisor), do: pid)

  defp active(supervisor), do: :supervisor.count_children(supervisor)[:active]

  defp children(supervisor) do
    Enum.sort(
      for {id, pid, type, modules} <- Supervisor.which_children(supervisor), id != :undefined do
        {id, type, modules, is_pid(pid), if(type == :supervisor, do: children(pid))}
      end
    )
  end

  defp until(condition, deadline \\ now() + @patience_ms) do
    cond do
      condition.() ->
        true

      now() > deadline ->
        false

      true ->
        pause()
        until(condition, deadline)
    end
  end

  defp pause, do: receive(after: (@pause_ms -> :ok))
  defp now, do: System.monotonic_time(:millisecond)
end
