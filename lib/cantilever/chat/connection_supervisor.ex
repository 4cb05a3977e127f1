defmodule Cantilever.Chat.ConnectionSupervisor do
  @moduledoc false
  # Supervises connections, of which there may be a million: OTP's own supervisor keeps nothing but the pid of a temporary child
  # of one kind, where a DynamicSupervisor keeps 200 bytes.

  @behaviour :supervisor

  alias Cantilever.Chat.UserConnection

  @spec child_spec(term) :: Supervisor.child_spec()
  def child_spec(_options),
    do: %{id: __MODULE__, start: {__MODULE__, :start_link, []}, type: :supervisor}

  @spec start_link() :: Supervisor.on_start()
  def start_link, do: :supervisor.start_link(__MODULE__, nil)

  @spec start_connection(GenServer.server(), tuple) :: {:ok, pid} | {:error, term}
  def start_connection(supervisor, argument),
    do: :supervisor.start_child(supervisor, [argument])

  @impl :supervisor
  def init(nil) do
    # Each collection looks at all messages that wait in a mailbox on the heap: where thousands of connections end at once, at their square.
    Process.flag(:message_queue_data, :off_heap)
    child = %{UserConnection.child_spec(nil) | start: {UserConnection, :start_link, []}}
    {:ok, {%{strategy: :simple_one_for_one}, [child]}}
  end
end
