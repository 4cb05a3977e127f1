defmodule Cantilever.Chat.Store.Memory do
  @moduledoc """
  A store that keeps the newest messages of each room in memory, for tests and for chats without a memory of their own.

      iex> {:ok, _tree} =
      ...>   Cantilever.Chat.Store.Memory.Example
      ...>   |> Cantilever.Chat.Store.Memory.child_specs(keep: 2)
      ...>   |> Supervisor.start_link(strategy: :one_for_one)
      iex> store = Cantilever.Chat.Store.Memory.new(Cantilever.Chat.Store.Memory.Example, keep: 2)
      iex> entries = for text <- ["1", "2", "3"], do: %Cantilever.Chat.Entry{room_id: "lobby", user_id: "ada", json: text}
      iex> {:ok, _outcomes} = Cantilever.Chat.Store.Memory.append(store, entries)
      iex> {:ok, messages} = Cantilever.Chat.Store.Memory.recent(store, "lobby", 10)
      iex> Enum.map(messages, & &1.json)
      ["2", "3"]

  The messages live as long as the chat: they are forgotten with the node. Their tables belong to a process that does nothing else, and so outlive
  the one that writes. Reading asks no process.

  ## Options

  #{Cantilever.Options.docs(Cantilever.Chat.Store.Memory.Writer.schema())}
  """

  @behaviour Cantilever.Chat.Store

  alias Cantilever.Chat.Store.Error
  alias Cantilever.Chat.Store.Memory.Tables
  alias Cantilever.Chat.Store.Memory.Writer
  alias Cantilever.Options

  @impl Cantilever.Chat.Store
  def new(chat, options) when is_atom(chat) do
    _ = Options.new!(options, Writer.schema(), "a store in memory")
    Module.concat(chat, MemoryStore)
  end

  @impl Cantilever.Chat.Store
  def child_specs(chat, options) do
    %{keep: keep} = Options.new!(options, Writer.schema(), "a store in memory")
    name = new(chat, options)
    Enum.map([{Tables, name}, {Writer, name: name, keep: keep}], &Supervisor.child_spec(&1, []))
  end

  @impl Cantilever.Chat.Store
  def append(name, entries) do
    {:ok, GenServer.call(name, {:append, entries}, :infinity)}
  catch
    :exit, {:noproc, _call} = reason -> {:error, away(reason)}
    # What it had stored of them is in the tables.
    :exit, reason -> {:unknown, away(reason)}
  end

  @impl Cantilever.Chat.Store
  def recent(name, room_id, limit), do: read(fn -> back(name, last_key(room_id), limit) end)

  @impl Cantilever.Chat.Store
  def newer(name, room_id, after_seq, limit),
    do: read(fn -> Enum.reverse(walk(name, {room_id, after_seq}, &:ets.next/2, limit, [])) end)

  @impl Cantilever.Chat.Store
  def older(name, room_id, before_seq, limit),
    do: read(fn -> back(name, {room_id, before_seq}, limit) end)

  # The writer takes one call after the other.
  @impl Cantilever.Chat.Store
  def settle(name) do
    GenServer.call(name, :settle)
  catch
    :exit, reason -> {:error, away(reason)}
  end

  # Any atom is larger than any number.
  defp last_key(room_id), do: {room_id, :last}

  defp back(table, key, limit), do: walk(table, key, &:ets.prev/2, limit, [])

  # From key to key: a room is reached and left without looking at any other message, however many there are. The last one that is
  # reached comes first.
  defp walk(_table, _key, _step, 0, messages), do: messages

  defp walk(table, {room_id, _seq} = key, step, limit, messages) do
    case step.(table, key) do
      {^room_id, _seq} = key -> walk(table, key, step, limit - 1, lookup(table, key) ++ messages)
      _another_room -> messages
    end
  end

  # It may have been trimmed since its key was found.
  defp lookup(table, key), do: for({_key, message} <- :ets.lookup(table, key), do: message)

  defp read(fun) do
    {:ok, fun.()}
  rescue
    error in ArgumentError -> {:error, away(error)}
  end

  defp away(cause) do
    %Error{
      reason: :unavailable,
      message: "the store in memory does not run",
      cause: cause
    }
  end
end
