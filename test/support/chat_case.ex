defmodule Cantilever.ChatCase do
  @moduledoc false
  # A chat for each test, and what its clients see.

  use ExUnit.CaseTemplate

  alias Cantilever.Chat
  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Rooms

  using do
    quote do
      import Cantilever.ChatCase
      import Cantilever.Eventually

      alias Cantilever.Chat
      alias Cantilever.Chat.Config
      alias Cantilever.Chat.Error
      alias Cantilever.Chat.Message
      alias Cantilever.Chat.Room
      alias Cantilever.Chat.Rooms
      alias Cantilever.Chat.UserConnection
    end
  end

  setup context do
    chat = Module.concat(context.module, "Chat#{System.unique_integer([:positive])}")
    start_supervised!({Chat, [name: chat] ++ Map.get(context, :chat, [])})
    {:ok, chat: chat}
  end

  @doc "The process of a room that is running."
  @spec room(atom, String.t()) :: pid | nil
  def room(chat, room_id), do: Rooms.whereis(Config.fetch!(chat), room_id)

  @doc "A client in a process of its own, which tells the test what it gets as `{name, event, payload}`."
  @spec client(atom, String.t(), term) :: pid
  def client(chat, user_id, name) do
    {:ok, connection} =
      Chat.connect(chat, user_id, transport: {Cantilever.ChatCase.Named, {self(), name}})

    connection
  end

  @doc "Connects many times in the same moment, each in a process of its own, and returns why some did not."
  @spec connect_at_once(pos_integer, (pos_integer -> {:ok, pid} | {:error, term})) :: [term]
  def connect_at_once(times, connect) do
    tasks =
      for n <- 1..times do
        Task.async(fn ->
          receive do: (:now -> connect.(n))
        end)
      end

    for %{pid: pid} <- tasks, do: send(pid, :now)
    for {:error, reason} <- Task.await_many(tasks), do: reason
  end

  @doc "Kills a process, and waits until it is dead."
  @spec kill(pid) :: :ok
  def kill(pid) do
    monitor = Process.monitor(pid)
    Process.exit(pid, :kill)

    receive do
      {:DOWN, ^monitor, :process, ^pid, _reason} -> :ok
    end
  end

  defmodule Named do
    @moduledoc false
    @behaviour Cantilever.Chat.Transport

    @impl Cantilever.Chat.Transport
    def push({pid, name}, event, payload) do
      send(pid, {name, event, payload})
      :ok
    end
  end
end
