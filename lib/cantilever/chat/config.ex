defmodule Cantilever.Chat.Config do
  @moduledoc false
  # What all processes of a chat know of it, by its name: its options, and the names of its parts.

  alias Cantilever.Chat.Options
  alias Cantilever.Chat.Store

  @enforce_keys [
    :name,
    :options,
    :store,
    :room_registry,
    :user_registry,
    :room_supervisor,
    :shard_supervisor,
    :connection_supervisor,
    :owners,
    :queue,
    :resync,
    :registry_lost
  ]
  defstruct @enforce_keys

  @type t :: %__MODULE__{
          name: atom,
          options: Options.t(),
          store: Store.t(),
          room_registry: atom,
          user_registry: atom,
          room_supervisor: atom,
          shard_supervisor: atom,
          connection_supervisor: atom,
          owners: atom,
          queue: atom,
          resync: atom,
          # The ms of monotonic time at which rooms were last seen to have lost their places in the registry.
          registry_lost: :atomics.atomics_ref()
        }

  @spec new(Options.t()) :: t
  def new(%{name: name} = options) do
    %__MODULE__{
      name: name,
      options: options,
      store: Store.new(name, options.store),
      room_registry: part(name, RoomRegistry),
      user_registry: part(name, UserRegistry),
      room_supervisor: part(name, RoomSupervisor),
      shard_supervisor: part(name, ShardSupervisor),
      connection_supervisor: part(name, ConnectionSupervisor),
      owners: part(name, Owners),
      queue: part(name, MessageQueue),
      resync: part(name, Resync),
      registry_lost: never()
    }
  end

  # Monotonic time may be negative, and as large as that.
  defp never do
    atomics = :atomics.new(1, signed: true)
    :atomics.put(atomics, 1, -0x4000_0000_0000_0000)
    atomics
  end

  # It is read for every message, and written when a chat starts.
  @spec put(t) :: :ok
  def put(config), do: :persistent_term.put({__MODULE__, config.name}, config)

  @spec fetch!(atom) :: t
  def fetch!(name) do
    case :persistent_term.get({__MODULE__, name}, nil) do
      nil ->
        raise ArgumentError,
              "there is no chat #{inspect(name)}: put `{Cantilever.Chat, name: #{inspect(name)}}` into a supervision tree"

      config ->
        config
    end
  end

  # A page of the store is to fit into memory, whatever its messages are.
  @page 500
  @page_bytes 67_108_864

  @doc "How many messages to read of the store at a time."
  @spec page(t) :: pos_integer
  def page(config), do: max(1, min(@page, div(@page_bytes, config.options.max_payload_bytes)))

  @doc "The name of a part of a chat."
  @spec part(atom, module) :: atom
  def part(name, part), do: Module.concat(name, part)
end
