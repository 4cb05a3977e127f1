defmodule Cantilever.Chat.Store.Memory.Tables do
  @moduledoc false
  # The process that the tables of a store in memory belong to. It does nothing else, so that what crashes does not take them along.

  use GenServer

  @enforce_keys [:messages, :rooms, :ids]
  defstruct @enforce_keys

  @typedoc "The messages, the first and last number of each room, and the numbers of messages with an id."
  @type t :: %__MODULE__{messages: atom, rooms: atom, ids: atom}

  @spec names(atom) :: t
  def names(store) do
    %__MODULE__{
      messages: store,
      rooms: Module.concat(store, Rooms),
      ids: Module.concat(store, Ids)
    }
  end

  @spec start_link(atom) :: GenServer.on_start()
  def start_link(store), do: GenServer.start_link(__MODULE__, store)

  @impl GenServer
  def init(store) do
    names = names(store)
    _ = :ets.new(names.messages, [:ordered_set, :named_table, :public, read_concurrency: true])
    _ = :ets.new(names.rooms, [:named_table, :public])
    _ = :ets.new(names.ids, [:named_table, :public])
    {:ok, names}
  end
end
