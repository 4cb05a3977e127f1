defmodule Cantilever.Chat.Room do
  @moduledoc """
  A room of a chat: one process, which knows its members and delivers to them what is stored.

      {:via, Registry, _name} = via = Cantilever.Chat.Room.via(MyApp.Chat, "lobby")
      GenServer.whereis(via)
      #=> #PID<0.321.0>, or nil while nobody uses the room

  Rooms are used through `Cantilever.Chat`, which starts them on first use. A room stops when it has had neither a member nor a
  message for `room_idle_ms`.

  ## What it holds, and what happens when it dies

  A room holds nothing that cannot be had again: the number of the last message and some of the newest messages, which are in the store;
  and its members, who watch it. When it crashes, its supervisor starts it again, it reads the store, and its members come back by
  themselves, each with the number of the last message that it has seen. So nothing is delivered twice, and what was stored meanwhile
  comes first.

  Messages get their number in the store, in the transaction that stores them, and come to the room after that: no member sees what is
  not stored. If a number is missing (as a notice was lost with the process that sent it), the room reads the store.

  ## Large rooms

  Each process delivers to `shard_members` members at most. A room with more has shards beside it, processes that deliver to a part of the
  members each, and that live and die with it.

  A member writes into shared memory how far it has come. Who is more than `max_lag` messages behind is taken out, and told so
  (`Cantilever.Chat.Transport`): the memory that a slow member can take is bounded, and nobody waits for it.
  """

  use GenServer, restart: :transient

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Entry
  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Reregistering
  alias Cantilever.Chat.Room.Join
  alias Cantilever.Chat.Room.Recent
  alias Cantilever.Chat.Room.Roster
  alias Cantilever.Chat.Room.Shard
  alias Cantilever.Chat.Rooms
  alias Cantilever.Chat.Store
  alias Cantilever.MessageQueue

  @read_again_ms 5..1_000
  # What a room reads of the store in one go.
  @page 500

  defstruct [
    :chat,
    :room_id,
    :roster,
    # nil until the store has been read.
    recent: nil,
    shards: %{},
    # Joins that wait for the store, the latest first.
    waiting: [],
    reads: 0,
    active?: true,
    idle_since: nil,
    reregistering: nil
  ]

  @typep t :: %__MODULE__{
           chat: atom,
           room_id: String.t(),
           roster: Roster.t(),
           recent: Recent.t() | nil,
           shards: %{pid => non_neg_integer},
           waiting: [Join.t()],
           reads: non_neg_integer,
           active?: boolean,
           idle_since: integer | nil,
           reregistering: Reregistering.t()
         }

  @doc "The name of a room, for any function that takes the name of a process."
  @spec via(chat :: atom, room_id :: String.t()) :: {:via, Registry, {atom, String.t()}}
  def via(chat, room_id), do: Rooms.via(Config.fetch!(chat), room_id)

  @doc false
  @spec start_link({atom, String.t()}) :: GenServer.on_start()
  def start_link({chat, room_id}) do
    config = Config.fetch!(chat)

    GenServer.start_link(__MODULE__, {config, room_id},
      hibernate_after: config.options.hibernate_after_ms
    )
  end

  # The room answers with `{:joined, …}`, as `Roster.add/4` sends it.
  @doc false
  @spec join(pid, Join.t()) :: :ok
  def join(room, join), do: GenServer.cast(room, {:join, join})

  # Passes a message on to be stored. The queue answers `from` after the commit.
  @doc false
  @spec post(pid, Entry.t(), GenServer.from(), non_neg_integer) :: :ok
  def post(room, entry, from, timeout_ms),
    do: GenServer.cast(room, {:post, entry, from, timeout_ms})

  # Tells the room what has been stored, in order.
  @doc false
  @spec committed(pid, [Message.t(), ...]) :: :ok
  def committed(room, messages), do: GenServer.cast(room, {:committed, messages})

  # Has the room look for messages that it has not been told of.
  @doc false
  @spec resync(pid) :: :ok
  def resync(room), do: GenServer.cast(room, :resync)

  @doc false
  @spec user_ids(pid, timeout) :: [String.t()]
  def user_ids(room, timeout) do
    {user_ids, shards} = GenServer.call(room, :user_ids, timeout)
    Enum.reduce(shards, user_ids, &(GenServer.call(&1, :user_ids, timeout) ++ &2))
  end

  @impl GenServer
  def init({config, room_id}) do
    # The registry's partitions are linked to what is registered in them. A room outlives them.
    Process.flag(:trap_exit, true)

    case Rooms.register(config, room_id) do
      {:taken, _another_was_quicker} ->
        :ignore

      registered ->
        look_idle_later(config)

        state = %__MODULE__{
          chat: config.name,
          room_id: room_id,
          roster: Roster.new(room_id, config.options.max_lag),
          reregistering: if(registered == :unavailable, do: Reregistering.soon(nil))
        }

        {:ok, state, {:continue, :read}}
    end
  end

  @impl GenServer
  def handle_continue(:read, state), do: {:noreply, read(state)}

  @impl GenServer
  def handle_cast({:join, join}, %{recent: nil} = state),
    do: {:noreply, %{state | waiting: [join | state.waiting], active?: true}}

  def handle_cast({:join, join}, state), do: {:noreply, admit(%{state | active?: true}, join)}

  def handle_cast({:post, entry, from, timeout_ms}, state) do
    config = Config.fetch!(state.chat)

    MessageQueue.put_async(config.queue, entry,
      key: state.room_id,
      bytes: byte_size(entry.json),
      reply_to: from,
      timeout: timeout_ms
    )

    {:noreply, %{state | active?: true}}
  end

  # The store is read after this was sent.
  def handle_cast({:committed, _messages}, %{recent: nil} = state), do: {:noreply, state}

  def handle_cast({:committed, messages}, state) do
    last = state.recent.last_seq

    case Enum.drop_while(messages, &(&1.seq <= last)) do
      [] -> {:noreply, state}
      [%{seq: seq} | _] = new when seq == last + 1 -> {:noreply, deliver(state, new)}
      _some_are_missing -> {:noreply, catch_up(state)}
    end
  end

  def handle_cast(:resync, state), do: {:noreply, catch_up(state)}

  @impl GenServer
  def handle_call(:user_ids, _from, state),
    do: {:reply, {Roster.user_ids(state.roster), Map.keys(state.shards)}, state}

  @impl GenServer
  def handle_info({:leave, connection, ref}, state) do
    waiting = Enum.reject(state.waiting, &(&1.connection == connection and &1.ref == ref))

    {:noreply, %{state | waiting: waiting, roster: Roster.leave(state.roster, connection, ref)}}
  end

  def handle_info({:DOWN, _monitor, :process, connection, _reason}, state),
    do: {:noreply, %{state | roster: Roster.forget(state.roster, connection)}}

  def handle_info({:shard_size, shard, size}, state),
    do: {:noreply, %{state | shards: Map.replace(state.shards, shard, size)}}

  def handle_info({:EXIT, shard, reason}, state) when is_map_key(state.shards, shard),
    do: {:stop, {:shard, reason}, state}

  def handle_info({:EXIT, _registry, _reason}, state) do
    Rooms.lost(Config.fetch!(state.chat))
    {:noreply, %{state | reregistering: Reregistering.lost(state.reregistering)}}
  end

  def handle_info({:register_again, when_set}, state),
    do: register_again(%{state | reregistering: Reregistering.due(state.reregistering, when_set)})

  def handle_info(:read_again, state), do: {:noreply, catch_up(state)}

  def handle_info(:look_idle, state) do
    config = Config.fetch!(state.chat)

    if idle?(state) do
      # Whoever looks for the room from now on starts another.
      Registry.unregister(config.room_registry, state.room_id)
      # Who has sent something after that knows that it was not looked at.
      {:stop, {:shutdown, {:idle_since, state.idle_since}}, state}
    else
      look_idle_later(config)
      {:noreply, %{state | active?: false, idle_since: System.monotonic_time(:millisecond)}}
    end
  end

  # An answer of a store that came after its timeout.
  def handle_info(_late, state), do: {:noreply, state}

  # What a crash writes to the log is neither all members nor what they have said.
  @doc false
  def format_status(status) do
    status
    |> Map.replace(:message, :left_out)
    |> Map.update(:state, nil, fn state ->
      %{
        room_id: state.room_id,
        members: Roster.size(state.roster),
        shards: map_size(state.shards),
        last_seq: state.recent && state.recent.last_seq
      }
    end)
  end

  defp register_again(state) do
    case Rooms.register(Config.fetch!(state.chat), state.room_id) do
      # What was stored while the room could not be found.
      :ok ->
        {:noreply, catch_up(state)}

      :known ->
        {:noreply, state}

      :unavailable ->
        {:noreply, %{state | reregistering: Reregistering.soon(state.reregistering)}}

      # Its members follow when they see this one go.
      {:taken, _other} ->
        {:stop, {:shutdown, :another_room}, state}
    end
  end

  @spec read(t) :: t
  defp read(state) do
    config = Config.fetch!(state.chat)
    size = config.options.recent_messages

    case Store.recent(config.store, state.room_id, max(size, 1)) do
      {:ok, messages} ->
        state = %{state | recent: Recent.new(size, messages), reads: 0}

        state.waiting
        |> Enum.reverse()
        |> Enum.reduce(%{state | waiting: []}, &admit(&2, &1))

      {:error, _reason} ->
        read_later(state)
    end
  end

  defp catch_up(%{recent: nil} = state), do: read(state)

  defp catch_up(state) do
    config = Config.fetch!(state.chat)

    case Store.newer(config.store, state.room_id, state.recent.last_seq, @page) do
      {:ok, []} -> %{state | reads: 0}
      {:ok, messages} -> state |> deliver(messages) |> catch_up()
      {:error, _reason} -> read_later(state)
    end
  end

  defp read_later(state) do
    first..longest = @read_again_ms
    delay = min(longest, first * 2 ** min(state.reads, 10))
    Process.send_after(self(), :read_again, div(delay, 2) + :rand.uniform(div(delay, 2)))
    %{state | reads: state.reads + 1}
  end

  defp deliver(state, messages) do
    for {shard, _size} <- state.shards, do: Shard.deliver(shard, messages)

    %{
      state
      | recent: Recent.add(state.recent, messages),
        roster: Roster.deliver(state.roster, messages),
        active?: true
    }
  end

  defp admit(state, join) do
    config = Config.fetch!(state.chat)
    seq = state.recent.last_seq
    missed = Recent.after_seq(state.recent, join.last_seq)
    full = config.options.shard_members

    cond do
      Roster.size(state.roster) < full ->
        %{state | roster: Roster.add(state.roster, join, seq, missed)}

      shard = Enum.find_value(state.shards, fn {shard, size} -> size < full && shard end) ->
        Shard.add(shard, join, seq, missed)
        %{state | shards: Map.update!(state.shards, shard, &(&1 + 1))}

      true ->
        shard = start_shard(config, state)
        Shard.add(shard, join, seq, missed)
        %{state | shards: Map.put(state.shards, shard, 1)}
    end
  end

  defp start_shard(config, state) do
    options = [hibernate_after: config.options.hibernate_after_ms]
    roster = Roster.new(state.room_id, config.options.max_lag)

    {:ok, shard} =
      DynamicSupervisor.start_child(config.shard_supervisor, {Shard, {self(), roster, options}})

    shard
  end

  defp idle?(state) do
    not state.active? and state.waiting == [] and Roster.empty?(state.roster) and
      Enum.all?(state.shards, fn {_shard, size} -> size == 0 end)
  end

  defp look_idle_later(config),
    do: Process.send_after(self(), :look_idle, config.options.room_idle_ms)
end
