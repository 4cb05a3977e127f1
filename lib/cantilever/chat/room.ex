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
  members each, and that die with it. The members of a shard that crashes come back to the room by themselves. While shards have more than `max_lag`
  messages to deliver, the room takes no more.

  A member writes into shared memory how far it has come. Who is more than `max_lag` messages behind is taken out, and told so
  (`Cantilever.Chat.Transport`): the memory that a slow member can take is bounded, and nobody waits for it.
  """

  use GenServer, restart: :transient

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Encoding
  alias Cantilever.Chat.Entry
  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Reregistering
  alias Cantilever.Chat.Room.Broadcast
  alias Cantilever.Chat.Room.Join
  alias Cantilever.Chat.Room.Presence
  alias Cantilever.Chat.Room.Recent
  alias Cantilever.Chat.Room.Roster
  alias Cantilever.Chat.Room.Shards
  alias Cantilever.Chat.Rooms
  alias Cantilever.Chat.Store
  alias Cantilever.Rate
  alias Cantilever.MessageQueue

  @read_again_ms 5..1_000
  @admit_again_ms 20
  @tell_presence_ms 100

  defstruct [
    :chat,
    :room_id,
    :roster,
    # nil until the store has been read.
    recent: nil,
    shards: Shards.new(),
    # What the members' messages are to be made into.
    encoders: [nil],
    # nil while nobody has joined that is to be told of the others.
    presence: nil,
    events: nil,
    # Joins that wait for the store, by connection.
    waiting: %{},
    # The task that reads the store, and whether something was stored since it has begun.
    reading: nil,
    stale?: false,
    read_timer: nil,
    failed_reads: 0,
    active?: true,
    idle_since: nil,
    reregistering: nil
  ]

  @typep t :: %__MODULE__{
           chat: atom,
           room_id: String.t(),
           roster: Roster.t(),
           recent: Recent.t() | nil,
           shards: Shards.t(),
           encoders: [Encoding.encoder()],
           presence: Presence.t() | nil,
           # How many events that are not stored it may pass on.
           events: Rate.t() | nil,
           waiting: %{pid => Join.t()},
           reading: reference | nil,
           stale?: boolean,
           read_timer: reference | nil,
           failed_reads: non_neg_integer,
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

  # The room answers with `{:joined, …}`, as `Roster.add/4` sends it, or first with `{:joining, …}`, as `Shard.add/5` does.
  @doc false
  @spec join(pid, Join.t()) :: :ok
  def join(room, join), do: GenServer.cast(room, {:join, join})

  # Passes a message on to be stored. The queue answers `from` after the commit.
  @doc false
  @spec post(pid, Entry.t(), GenServer.from(), deadline_ms :: integer) :: :ok
  def post(room, entry, from, deadline_ms),
    do: GenServer.cast(room, {:post, entry, from, deadline_ms})

  # Has the room pass an event on to its members, unless there are too many.
  @doc false
  @spec notify(pid, String.t(), map) :: :ok
  def notify(room, event, payload), do: GenServer.cast(room, {:notify, event, payload})

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
      :ok ->
        look_idle_later(config)

        state = %__MODULE__{
          chat: config.name,
          room_id: room_id,
          roster: Roster.new(room_id, config.options.max_lag)
        }

        {:ok, read(state)}

      # Another was quicker, or the registry is being restarted: who wants the room looks again.
      _taken_or_unavailable ->
        :ignore
    end
  end

  @impl GenServer
  def handle_cast({:join, join}, %{recent: nil} = state),
    do: {:noreply, wait(%{state | active?: true}, join)}

  def handle_cast({:join, join}, state), do: {:noreply, admit(%{state | active?: true}, join)}

  def handle_cast({:post, entry, from, deadline_ms}, state) do
    config = Config.fetch!(state.chat)

    if state.recent && Shards.lag?(state.shards, state.recent.last_seq, config.options.max_lag) do
      GenServer.reply(from, {:error, overloaded(state)})
    else
      MessageQueue.put_async(config.queue, entry,
        key: state.room_id,
        bytes: byte_size(entry.json),
        reply_to: from,
        timeout: max(deadline_ms - System.monotonic_time(:millisecond), 0)
      )
    end

    {:noreply, %{state | active?: true}}
  end

  def handle_cast({:notify, event, payload}, state) do
    %{events_per_s: per_s} = Config.fetch!(state.chat).options
    now_ms = System.monotonic_time(:millisecond)

    case Rate.take(state.events || Rate.new(per_s, now_ms), per_s, per_s, now_ms) do
      {:ok, rate} ->
        notify_all(state, event, payload)
        {:noreply, %{state | events: rate, active?: true}}

      {:wait, _ms, rate} ->
        {:noreply, %{state | events: rate}}
    end
  end

  def handle_cast({:committed, _messages}, %{recent: nil} = state), do: {:noreply, read(state)}

  def handle_cast({:committed, messages}, state) do
    last = state.recent.last_seq

    case Enum.drop_while(messages, &(&1.seq <= last)) do
      [] -> {:noreply, state}
      [%{seq: seq} | _] = new when seq == last + 1 -> {:noreply, deliver(state, new)}
      _some_are_missing -> {:noreply, read(state)}
    end
  end

  def handle_cast(:resync, state), do: {:noreply, read(state)}

  @impl GenServer
  def handle_call(:user_ids, _from, state),
    do: {:reply, {Roster.user_ids(state.roster), Map.keys(state.shards)}, state}

  @impl GenServer
  def handle_info({:leave, connection, ref}, state) do
    waiting =
      case state.waiting do
        %{^connection => %{ref: ^ref}} -> Map.delete(state.waiting, connection)
        waiting -> waiting
      end

    roster = Roster.leave(state.roster, connection, ref)
    {:noreply, tell_presence_later(%{state | waiting: waiting, roster: roster})}
  end

  def handle_info({reading, outcome}, %{reading: reading} = state) when is_reference(reading) do
    Process.demonitor(reading, [:flush])
    {:noreply, has_read(%{state | reading: nil}, outcome)}
  end

  def handle_info({:DOWN, reading, :process, _pid, reason}, %{reading: reading} = state),
    do: {:noreply, has_read(%{state | reading: nil}, {:error, reason})}

  def handle_info({:DOWN, _monitor, :process, connection, _reason}, state) do
    roster = Roster.forget(state.roster, connection)
    {:noreply, tell_presence_later(%{state | roster: roster})}
  end

  def handle_info({:shard_size, shard, size}, state) do
    shards = Shards.resize(state.shards, shard, size)
    {:noreply, tell_presence_later(%{state | shards: shards})}
  end

  # Its members watch it, and come again.
  def handle_info({:EXIT, shard, _reason}, state) when is_map_key(state.shards, shard),
    do: {:noreply, %{state | shards: Map.delete(state.shards, shard)}}

  def handle_info(:tell_presence, state), do: {:noreply, tell_presence(state)}

  def handle_info({:EXIT, _registry, _reason}, state) do
    Rooms.lost(Config.fetch!(state.chat))
    {:noreply, %{state | reregistering: Reregistering.lost(state.reregistering)}}
  end

  def handle_info({:register_again, when_set}, state),
    do: register_again(%{state | reregistering: Reregistering.due(state.reregistering, when_set)})

  def handle_info(:read_again, state), do: {:noreply, read(%{state | read_timer: nil})}
  def handle_info(:admit_again, state), do: {:noreply, admit_waiting(state)}

  def handle_info(:look_idle, state) do
    config = Config.fetch!(state.chat)

    if idle?(state) do
      # Whoever looks for the room from now on starts another.
      Rooms.unregister(config, state.room_id)
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
        {:noreply, read(state)}

      :known ->
        {:noreply, state}

      :unavailable ->
        {:noreply, %{state | reregistering: Reregistering.soon(state.reregistering)}}

      # Its members follow when they see this one go.
      {:taken, _other} ->
        {:stop, {:shutdown, :another_room}, state}
    end
  end

  # In a process of its own, as a store may take its time: one at a time, and not again before its time.
  @spec read(t) :: t
  defp read(%{reading: reading} = state) when reading != nil, do: %{state | stale?: true}
  defp read(%{read_timer: timer} = state) when timer != nil, do: state

  defp read(%{room_id: room_id} = state) do
    config = Config.fetch!(state.chat)
    # Nothing else goes along to the task: what it is given is copied.
    {store, page} = {config.store, Config.page(config)}
    newest = max(config.options.recent_messages, 1)
    last_seq = state.recent && state.recent.last_seq

    task =
      Task.Supervisor.async_nolink(Cantilever.TaskSupervisor, fn ->
        if last_seq,
          do: Store.newer(store, room_id, last_seq, page),
          else: Store.recent(store, room_id, newest)
      end)

    %{state | reading: task.ref, stale?: false}
  end

  defp has_read(%{recent: nil} = state, {:ok, messages}) do
    size = Config.fetch!(state.chat).options.recent_messages

    %{state | recent: Recent.new(size, messages), failed_reads: 0}
    |> admit_waiting()
    |> read_if(state.stale?)
  end

  defp has_read(state, {:ok, messages}) do
    last = state.recent.last_seq
    new = Enum.drop_while(messages, &(&1.seq <= last))
    state = if new == [], do: state, else: deliver(state, new)
    read_if(%{state | failed_reads: 0}, messages != [] or state.stale?)
  end

  defp has_read(state, {:error, _reason}) do
    first..longest = @read_again_ms
    delay = div(min(longest, first * 2 ** min(state.failed_reads, 10)), 2)
    timer = Process.send_after(self(), :read_again, delay + :rand.uniform(delay))
    %{state | read_timer: timer, failed_reads: state.failed_reads + 1}
  end

  defp read_if(state, true), do: read(state)
  defp read_if(state, false), do: state

  defp deliver(state, messages) do
    broadcast = Broadcast.messages(state.room_id, messages, state.encoders)
    Shards.deliver(state.shards, broadcast)

    %{
      state
      | recent: Recent.add(state.recent, messages),
        roster: Roster.deliver(state.roster, broadcast),
        active?: true
    }
  end

  defp wait(state, join), do: put_in(state.waiting[join.connection], join)

  defp admit_waiting(%{recent: nil} = state), do: state

  defp admit_waiting(state),
    do: Enum.reduce(Map.values(state.waiting), %{state | waiting: %{}}, &admit(&2, &1))

  defp admit(state, join) do
    config = Config.fetch!(state.chat)
    seq = state.recent.last_seq
    missed = Recent.after_seq(state.recent, join.last_seq)
    full = config.options.shard_members

    state = %{state | encoders: add_encoder(state.encoders, Encoding.encoder(join.kind))}

    if Roster.size(state.roster) < full do
      state = %{state | roster: Roster.add(state.roster, join, seq, missed)}
      tell_presence_later(add_newcomer(state, join))
    else
      case Shards.add(state.shards, full, state.room_id, join, seq, missed) do
        {:ok, shards} -> tell_presence_later(%{state | shards: shards})
        :full -> admit_to_another(config, state, join)
      end
    end
  end

  defp admit_to_another(config, state, join) do
    case Shards.start(state.shards, config, state.room_id, state.recent.last_seq) do
      {:ok, shards} ->
        admit(%{state | shards: shards}, join)

      {:error, _the_supervisor_is_restarting} ->
        Process.send_after(self(), :admit_again, @admit_again_ms)
        wait(state, join)
    end
  end

  defp add_encoder(encoders, encoder),
    do: if(encoder in encoders, do: encoders, else: [encoder | encoders])

  defp notify_all(state, event, payload) do
    broadcast = Broadcast.event(state.room_id, event, payload, state.encoders)
    last_seq = if state.recent, do: state.recent.last_seq, else: 0
    _behind = Roster.notify(state.roster, broadcast, last_seq, fn _connection, _kind -> true end)
    Shards.notify(state.shards, broadcast, last_seq)
  end

  defp add_newcomer(state, join) do
    if Encoding.presence?(join.kind) and presence_limit(state) > 0 do
      presence = state.presence || %Presence{}
      %{state | presence: %{presence | newcomers: [join.connection | presence.newcomers]}}
    else
      state
    end
  end

  defp tell_presence_later(%{presence: nil} = state), do: state
  defp tell_presence_later(%{presence: %{timer: timer}} = state) when timer != nil, do: state

  defp tell_presence_later(state) do
    timer = Process.send_after(self(), :tell_presence, @tell_presence_ms)
    %{state | presence: %{state.presence | timer: timer}}
  end

  defp tell_presence(state) do
    newcomers = Map.from_keys(state.presence.newcomers, true)
    {to_all, to_newcomers, presence} = Presence.news(state.presence, users(state), state.room_id)

    behind =
      tell(state, to_all, fn connection, kind ->
        Encoding.presence?(kind) and not is_map_key(newcomers, connection)
      end) ++
        tell(state, to_newcomers, fn connection, _kind -> is_map_key(newcomers, connection) end)

    state = %{state | presence: %{presence | newcomers: behind}}
    # Who has missed a change is to be told all of it.
    if behind == [], do: state, else: tell_presence_later(state)
  end

  defp tell(_state, nil, _told?), do: []

  defp tell(state, {event, payload}, told?) do
    broadcast = Broadcast.event(state.room_id, event, payload, state.encoders)
    Roster.notify(state.roster, broadcast, state.recent.last_seq, told?)
  end

  # Who is where would be told of everybody to everybody: the square of their number.
  defp users(state) do
    if Shards.empty?(state.shards) and Roster.size(state.roster) <= presence_limit(state),
      do: Roster.users(state.roster)
  end

  defp presence_limit(state), do: Config.fetch!(state.chat).options.presence_limit

  defp overloaded(state) do
    %MessageQueue.Error{
      reason: :overloaded,
      message:
        "the room #{inspect(state.room_id)} has more messages to deliver than max_lag allows; nothing was stored"
    }
  end

  defp idle?(state) do
    not state.active? and state.reading == nil and state.waiting == %{} and
      Roster.empty?(state.roster) and Shards.empty?(state.shards)
  end

  defp look_idle_later(config),
    do: Process.send_after(self(), :look_idle, config.options.room_idle_ms)
end
