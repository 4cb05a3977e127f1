defmodule Cantilever.WebServer.ConnectionSupervisor do
  @moduledoc false
  # Supervises the processes of connections, which do not restart: their client is gone.

  @behaviour :supervisor

  alias Cantilever.WebServer.Config
  alias Cantilever.WebServer.Connection

  @shutdown_ms 1_000

  @doc "As many as there are schedulers: a start is a call."
  @spec pool_spec(atom) :: Supervisor.child_spec()
  def pool_spec(name) do
    Supervisor.child_spec(
      {PartitionSupervisor,
       name: Config.part(name, __MODULE__),
       max_restarts: 100,
       child_spec: %{
         id: __MODULE__,
         start: {__MODULE__, :start_link, [name]},
         type: :supervisor
       }},
      id: __MODULE__
    )
  end

  @spec start_link(atom) :: Supervisor.on_start()
  def start_link(name), do: :supervisor.start_link(__MODULE__, name)

  @spec start_connection(Config.t(), :tcp | :tls) :: {:ok, pid} | {:error, :restarting}
  def start_connection(config, kind) do
    supervisor = {:via, PartitionSupervisor, {config.connection_supervisor, make_ref()}}
    :supervisor.start_child(supervisor, [kind])
  catch
    :exit, _reason -> {:error, :restarting}
  end

  @doc "How many connections there are."
  @spec count(atom) :: non_neg_integer
  def count(name) do
    for supervisor <- supervisors(name), reduce: 0 do
      count -> count + Keyword.fetch!(:supervisor.count_children(supervisor), :active)
    end
  end

  @doc "The processes of all connections."
  @spec pids(atom) :: [pid]
  def pids(name) do
    for supervisor <- supervisors(name),
        {_id, pid, _type, _modules} <- :supervisor.which_children(supervisor),
        is_pid(pid),
        do: pid
  end

  defp supervisors(name) do
    for {_id, pid, _type, _modules} <-
          PartitionSupervisor.which_children(Config.part(name, __MODULE__)),
        is_pid(pid),
        do: pid
  end

  @impl :supervisor
  def init(name) do
    connection = %{
      id: Connection,
      start: {Connection, :start_link, [name]},
      restart: :temporary,
      shutdown: @shutdown_ms
    }

    {:ok, {%{strategy: :simple_one_for_one}, [connection]}}
  end
end
