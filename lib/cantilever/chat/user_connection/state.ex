defmodule Cantilever.Chat.UserConnection.State do
  @moduledoc false
  # What a connection knows, and what it does with each message that comes to its process: a `Cantilever.Chat.UserConnection`, or
  # the process of a socket, which hands on what is not its own.

  import Cantilever.Chat.Error, only: [error: 2]

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Encoding
  alias Cantilever.Chat.Error
  alias Cantilever.Chat.Reregistering
  alias Cantilever.Chat.UserConnection.Joining
  alias Cantilever.Chat.UserConnection.Membership
  alias Cantilever.Rate
  alias Cantilever.Chat.UserConnection.Receiving
  alias Cantilever.Chat.Users

  defstruct [
    :chat,
    :user_id,
    :owner,
    :transport,
    :socket,
    :rate,
    :reregistering,
    rooms: %{},
    joins: 0,
    # The reductions of a UserConnection when it was last looked at; nil while it is hibernating.
    busy: nil
  ]

  @type t :: %__MODULE__{
          chat: atom,
          user_id: String.t() | nil,
          owner: pid | nil,
          transport: module,
          socket: term,
          rate: Rate.t() | nil,
          reregistering: Reregistering.t(),
          rooms: %{String.t() => Membership.t()},
          joins: non_neg_integer,
          busy: non_neg_integer | nil
        }

  @typedoc "Who waits for a join: a process, or the client itself, which is pushed `\"joined\"` with this term."
  @type waiting :: GenServer.from() | {:client, term}

  @typedoc "What is asked of a room."
  @type wanted :: %{
          last_seq: non_neg_integer | nil,
          visible: boolean,
          presence: boolean
        }

  @type next :: {:ok, t} | {:stop, reason :: term, t}

  @spec new(atom, String.t() | nil, {module, term}) :: t
  def new(chat, user_id, {transport, socket}),
    do: %__MODULE__{chat: chat, user_id: user_id, transport: transport, socket: socket}

  @doc "Makes the calling process, which traps exits, the connection, unless it is one too many."
  @spec enter(t, pid | nil) :: {:ok, t} | {:error, Error.t()}
  def enter(state, owner) do
    state = %{state | owner: owner}

    case Users.enter(Config.fetch!(state.chat), key(state), owner) do
      {:error, error} ->
        {:error, error}

      entered ->
        # What a connection keeps is little, and a message leaves nothing: an old heap, as large as the other, would be most of the memory of one that
        # is awake. What a server keeps for it in the same process is looked at with it each time.
        _generations = Process.flag(:fullsweep_after, 0)
        {:ok, registered(state, entered)}
    end
  end

  @doc "Ends the connection, before its process does. The rooms see that by themselves."
  @spec leave(t) :: :ok
  def leave(state), do: Users.leave(Config.fetch!(state.chat), key(state), state.owner)

  @doc "Joins a room, or answers at once where it is in it, or in too many."
  @spec join(t, String.t(), wanted, reference, waiting) :: t
  def join(state, room_id, wanted, tag, waiting) do
    limit = Config.fetch!(state.chat).options.rooms_per_connection

    case state.rooms do
      %{^room_id => %{place: place} = membership} when place != nil ->
        Joining.answer(state, waiting, {:ok, %{seq: Membership.last_seq(membership)}})

      %{^room_id => joining} ->
        Joining.put(state, room_id, %{joining | waiting: [{tag, waiting} | joining.waiting]})

      rooms when map_size(rooms) >= limit ->
        refused =
          error(
            :too_many_rooms,
            "the connection is in #{limit} rooms, as rooms_per_connection allows"
          )

        Joining.answer(state, waiting, refused)

      _rooms ->
        membership = %Membership{
          ref: state.joins,
          last_seq: wanted.last_seq,
          kind: Encoding.kind(state.transport, wanted.presence),
          visible?: wanted.visible,
          waiting: [{tag, waiting}]
        }

        Joining.ask(%{state | joins: state.joins + 1}, room_id, membership)
    end
  end

  @doc "Whether it is in the room now."
  @spec member?(t, String.t()) :: boolean
  def member?(state, room_id),
    do: match?(%{^room_id => %{place: place}} when place != nil, state.rooms)

  @doc "Takes a message off what its user may send to the room now."
  @spec permit(t, String.t()) :: {:ok, t} | {:error, Error.t(), t}
  def permit(state, room_id) do
    if member?(state, room_id),
      do: take(state),
      else:
        {:error,
         Error.new(:not_a_member, "the connection is not in the room #{inspect(room_id)}"), state}
  end

  defp take(state) do
    options = Config.fetch!(state.chat).options
    now_ms = System.monotonic_time(:millisecond)
    rate = state.rate || Rate.new(options.messages_burst, now_ms)

    case Rate.take(rate, options.messages_per_s, options.messages_burst, now_ms) do
      {:ok, rate} ->
        {:ok, %{state | rate: rate}}

      {:wait, ms, rate} ->
        {:error,
         Error.new(
           :rate_limited,
           "the connection may send #{options.messages_per_s} messages a second, the next one in #{ms} ms"
         ), %{state | rate: rate}}
    end
  end

  @doc "Does what a message asks for. What is nobody's is left alone, as an answer that comes too late is."
  @spec handle(term, t) :: next
  def handle({:messages, room_id, [{seq, message} | more]}, state) do
    case state.rooms do
      %{^room_id => %{place: place, replaying_to: nil} = membership} when place != nil ->
        # What nearly always comes makes no garbage: that is half of what a delivery takes.
        if more == [] and seq == Membership.last_seq(membership) + 1 do
          case Receiving.push(state, "message", message) do
            {:ok, state} ->
              _same = Membership.at(membership, seq)
              {:ok, state}

            {:error, reason} ->
              transport_failed(reason, state)
          end
        else
          state |> Receiving.messages(room_id, [{seq, message} | more]) |> received(room_id)
        end

      %{^room_id => %{place: place} = membership} when place != nil ->
        {last, _message} = List.last([{seq, message} | more])
        {:ok, Joining.put(state, room_id, Membership.replay_to(membership, last))}

      _has_left ->
        {:ok, state}
    end
  end

  def handle({:event, room_id, event, payload}, state) do
    if member?(state, room_id), do: push(state, event, payload), else: {:ok, state}
  end

  def handle({:joining, room_id, ref, shard}, state) do
    case state.rooms do
      %{^room_id => %{ref: ^ref} = membership} ->
        {:ok, Joining.put(state, room_id, Joining.watch(membership, shard))}

      _has_left ->
        {:ok, state}
    end
  end

  def handle({:joined, room_id, ref, home, place, seq, missed}, state) do
    case state.rooms do
      %{^room_id => %{ref: ^ref} = membership} ->
        joined(state, room_id, Joining.watch(membership, home), place, seq, missed)

      _has_left ->
        send(home, {:leave, self(), ref})
        {:ok, state}
    end
  end

  def handle({:replay, room_id, ref}, state) do
    case state.rooms do
      %{^room_id => %{ref: ^ref, replaying_to: up_to}} when up_to != nil ->
        state |> Receiving.replay(room_id) |> received(room_id)

      _has_left ->
        {:ok, state}
    end
  end

  def handle({:dropped, room_id, ref, home}, state) do
    case state.rooms do
      %{^room_id => %{ref: ^ref} = membership} ->
        %{last_seq: last_seq} = Joining.abandon(membership)
        event = %{room_id: room_id, reason: :lagging, last_seq: last_seq}
        push(%{state | rooms: Map.delete(state.rooms, room_id)}, "dropped", event)

      _has_left ->
        send(home, {:leave, self(), ref})
        {:ok, state}
    end
  end

  def handle({:DOWN, monitor, :process, _home, _reason}, state) do
    case Enum.find(state.rooms, fn {_id, membership} -> membership.monitor == monitor end) do
      {room_id, membership} -> {:ok, Joining.later(state, room_id, membership)}
      nil -> {:ok, state}
    end
  end

  def handle({:join_again, room_id, ref}, state) do
    case state.rooms do
      %{^room_id => %{ref: ^ref} = membership} -> {:ok, Joining.ask(state, room_id, membership)}
      _has_left -> {:ok, state}
    end
  end

  def handle({:give_up, room_id, tag}, state) do
    case state.rooms do
      %{^room_id => %{place: nil} = joining} ->
        joining = %{joining | waiting: List.keydelete(joining.waiting, tag, 0)}
        state = Joining.put(state, room_id, joining)

        if joining.new? and joining.waiting == [],
          do: {:ok, Joining.leave(state, room_id)},
          else: {:ok, state}

      _has_joined_or_left ->
        {:ok, state}
    end
  end

  def handle({:EXIT, _registry, _reason}, state),
    do: {:ok, %{state | reregistering: Reregistering.lost(state.reregistering)}}

  def handle({:register_again, when_set}, state) do
    state = %{state | reregistering: Reregistering.due(state.reregistering, when_set)}
    {:ok, register(state)}
  end

  def handle({:call, from, {:join, room_id, wanted, tag}}, state),
    do: {:ok, join(state, room_id, wanted, tag, from)}

  def handle({:call, from, {:leave, room_id}}, state) do
    state = Joining.leave(state, room_id)
    GenServer.reply(from, :ok)
    {:ok, state}
  end

  def handle({:call, from, {:permit, room_id}}, state) do
    {answer, state} =
      case permit(state, room_id) do
        {:ok, state} -> {{:ok, state.chat, state.user_id}, state}
        {:error, refused, state} -> {{:error, refused}, state}
      end

    GenServer.reply(from, answer)
    {:ok, state}
  end

  def handle({:call, from, :rooms}, state) do
    GenServer.reply(from, Map.keys(state.rooms))
    {:ok, state}
  end

  def handle(:close, state), do: {:stop, :normal, state}
  def handle(_late_answer, state), do: {:ok, state}

  defp joined(state, room_id, membership, place, seq, missed) do
    state = Joining.answer_all(state, membership, {:ok, %{seq: seq}})

    # A client cannot have what the room does not have yet. What was pushed to it, it has.
    last_seq =
      if membership.new?, do: min(membership.last_seq || seq, seq), else: membership.last_seq

    membership = Membership.enter(membership, place, last_seq)

    case missed do
      :read_store ->
        state
        |> Joining.put(room_id, Membership.replay_to(membership, seq))
        |> Receiving.replay(room_id)

      messages ->
        state
        |> Joining.put(room_id, membership)
        |> Receiving.messages(room_id, Encoding.messages(membership.kind, messages))
    end
    |> received(room_id)
  end

  defp received({:ok, state}, _room_id), do: {:ok, state}

  # While the store is away, the connection leaves, and joins again later from where it is.
  defp received({:unavailable, state}, room_id) do
    membership = Joining.abandon(Map.fetch!(state.rooms, room_id))
    {:ok, Joining.later(state, room_id, membership)}
  end

  defp received({:error, reason, state}, _room_id), do: transport_failed(reason, state)

  defp push(state, event, payload) do
    case Receiving.push(state, event, payload) do
      {:ok, state} -> {:ok, state}
      {:error, reason} -> transport_failed(reason, state)
    end
  end

  defp transport_failed(reason, state),
    do: {:stop, {:shutdown, {:transport, reason}}, state}

  # Who was let in stays, however many have come while the registry was away.
  defp register(state) do
    registered(state, Users.register(Config.fetch!(state.chat), key(state), state.owner))
  end

  defp registered(state, :ok), do: state

  defp registered(state, :unavailable),
    do: %{state | reregistering: Reregistering.soon(state.reregistering)}

  # Who has no user is there to be counted.
  defp key(state), do: state.user_id || self()
end
