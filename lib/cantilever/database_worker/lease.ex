defmodule Cantilever.DatabaseWorker.Lease do
  @moduledoc false
  # A connection that the worker has lent to this process, and how it is asked for and given back. The worker watches who has
  # one, and rolls back what a dead process has left open.

  alias Cantilever.DatabaseWorker.Call
  alias Cantilever.DatabaseWorker.Deadline
  alias Cantilever.DatabaseWorker.Error
  alias Cantilever.DatabaseWorker.Upkeep

  @enforce_keys [:connection, :number, :worker, :ref, :max_result]
  defstruct [:connection, :number, :worker, :ref, :max_result]

  @type t :: %__MODULE__{
          connection: reference,
          number: pos_integer,
          worker: pid,
          ref: reference,
          max_result: pos_integer
        }

  @typep worker :: GenServer.server()

  # What a supervisor needs to bring a worker back, which its callers ride over.
  @restart_ms 1_000
  @pause_ms 10

  # After these, a connection may be in a state that another one would not be in.
  @doubtful [:io, :uncertain, :corrupt, :not_a_database, :no_memory, :cannot_open]

  # Runs `fun` with a connection, and gives that back whatever happens.
  @spec with_connection(worker, :reader | :writer, Deadline.t(), (t -> result)) ::
          result | {:error, Error.t()}
        when result: term
  def with_connection(worker, role, deadline, fun) do
    with {:ok, lease} <- check_out(worker, role, deadline) do
      try do
        fun.(lease)
      else
        result ->
          check_in(lease, :good)
          result
      catch
        kind, reason ->
          check_in(lease, :left_open)
          :erlang.raise(kind, reason, __STACKTRACE__)
      end
    end
  end

  # A native call on the connection. What comes of it, and nothing else, tells the worker that the connection is lost, or doubtful: what the
  # caller makes of an error is his own affair.
  @spec call(t, Deadline.t(), nil | String.t(), (tuple -> {:ok, result} | {:error, term})) ::
          {:ok, result} | {:error, Error.t()}
        when result: term
  def call(lease, deadline, sql, native) do
    with {:error, %Error{reason: reason}} = failure <- Call.run(deadline, sql, native) do
      if doubt = doubt(reason), do: send(lease.worker, {:doubt, lease.ref, doubt})
      failure
    end
  end

  # One that writes to another file, of which errors may tell as well.
  @spec call_elsewhere(t, Deadline.t(), String.t(), (tuple -> {:ok, result} | {:error, term})) ::
          {:ok, result} | {:error, Error.t()}
        when result: term
  def call_elsewhere(lease, deadline, sql, native) do
    with {:error, %Error{reason: :crashed}} = failure <- Call.run(deadline, sql, native) do
      send(lease.worker, {:doubt, lease.ref, :lost})
      failure
    end
  end

  defp doubt(:crashed), do: :lost
  defp doubt(reason) when reason in @doubtful, do: :doubtful
  defp doubt(_reason), do: nil

  @spec check_out(worker, :reader | :writer, Deadline.t()) :: {:ok, t} | {:error, Error.t()}
  def check_out(worker, role, deadline) do
    restarted = Deadline.sooner(deadline, Deadline.new(@restart_ms))
    check_out(worker, role, deadline, restarted)
  end

  defp check_out(worker, role, deadline, restarted) do
    case ask(whereis(worker), role, deadline) do
      :gone -> ask_again(worker, role, deadline, restarted)
      answer -> answer
    end
  end

  # A registry that is being restarted knows no names, and raises.
  defp whereis({:via, _module, _name} = worker) do
    GenServer.whereis(worker)
  rescue
    ArgumentError -> nil
  end

  defp whereis(worker), do: GenServer.whereis(worker)

  # A name may have another process soon, a pid never.
  defp ask_again(worker, role, deadline, restarted) do
    if is_pid(worker) or Deadline.over?(restarted) do
      unavailable("no database worker runs as #{inspect(worker)}")
    else
      receive do
      after
        @pause_ms -> check_out(worker, role, deadline, restarted)
      end
    end
  end

  defp ask(nil, _role, _deadline), do: :gone

  defp ask(pid, role, deadline) when is_pid(pid) and node(pid) == node() do
    ref = :erlang.monitor(:process, pid, alias: :reply_demonitor)
    send(pid, {:check_out, self(), ref, role})

    receive do
      {^ref, answer} ->
        answer

      {:DOWN, ^ref, :process, _pid, _reason} ->
        :gone
    after
      Deadline.left(deadline) ->
        Process.demonitor(ref, [:flush])
        send(pid, {:give_up, ref})
        late(ref)
    end
  end

  defp ask(_remote, _role, _deadline),
    do:
      unavailable(
        "the database worker runs on another node, and lends its connections on its own only"
      )

  # The answer may have come in the meantime. The worker takes back what it has lent, as nobody has used it.
  defp late(ref) do
    receive do
      {^ref, _answer} -> :ok
    after
      0 -> :ok
    end

    {:error,
     %Error{reason: :timeout, message: "the time was over while waiting for a connection"}}
  end

  # Where the worker has died, nobody else will close the connection soon.
  @spec check_in(t, :good | :left_open) :: :ok
  def check_in(%__MODULE__{} = lease, state) do
    send(lease.worker, {:check_in, lease.ref, state})
    unless Process.alive?(lease.worker), do: Upkeep.close_now(lease.connection)
    :ok
  end

  defp unavailable(message), do: {:error, %Error{reason: :unavailable, message: message}}
end
