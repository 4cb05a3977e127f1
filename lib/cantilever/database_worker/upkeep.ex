defmodule Cantilever.DatabaseWorker.Upkeep do
  @moduledoc false
  # What a worker has done to its connections by others, as it takes a while. Each says by the reason of its exit what has come of it:
  # `{:opened, connection}`, `{:failed, error}`, `:settled`, `{:lost, why}` where there is no connection any more, or anything else.

  alias Cantilever.DatabaseWorker.Call
  alias Cantilever.DatabaseWorker.Deadline
  alias Cantilever.DatabaseWorker.Error
  alias Cantilever.DatabaseWorker.Options
  alias Cantilever.Native

  # Opening may mean to bring what a crash has left into the file.
  @open_timeout 30_000
  @locked_ms 2_000
  @pause_ms 2

  @spec open(Options.t(), :writer | :reader) :: reference
  def open(options, role) do
    watched(fn ->
      case open_now(options, role) do
        {:ok, connection} -> {:opened, connection}
        {:error, error} -> {:failed, error}
      end
    end)
  end

  @spec settle(reference) :: reference
  def settle(connection), do: watched(fn -> settle_now(connection) end)

  @spec close(reference) :: :ok
  def close(connection) do
    _pid = spawn(__MODULE__, :close_now, [connection])
    :ok
  end

  # One after the other: the last one to let go of the file puts its log into it, if nobody else has it at that moment.
  @spec close_all([reference]) :: reference
  def close_all(connections), do: watched(fn -> Enum.each(connections, &close_now/1) end)

  # After an upgrade of the library, the old one closes what it has opened, once nobody refers to it.
  @spec close_now(reference) :: :ok
  def close_now(connection) do
    Native.sqlite_close(connection)
  rescue
    Cantilever.StaleHandle -> :ok
  end

  # The number of the next lease, unless there cannot be one.
  @spec lend(reference) :: {:ok, pos_integer} | {:error, term}
  def lend(connection) do
    Native.sqlite_lend(connection)
  rescue
    stale in Cantilever.StaleHandle -> {:error, stale}
  end

  # As an exit that no supervisor has to hear of.
  defp watched(fun) do
    {_pid, monitor} = spawn_monitor(__MODULE__, :exit_with, [fun])
    monitor
  end

  @doc false
  @spec exit_with((() -> term)) :: no_return
  def exit_with(fun), do: exit(fun.())

  defp open_now(options, role) do
    request = {
      if(options.path == :memory, do: "", else: options.path),
      if(options.path == :memory, do: :memory, else: role),
      options.synchronous == :full,
      options.statement_cache,
      options.progress_steps,
      options.max_bytes
    }

    # Who was killed may be closing the file right now, with a lock on it: that is no reason to turn callers away.
    opened =
      Call.run(Deadline.new(@locked_ms), nil, fn _clock ->
        Native.sqlite_open(request, Deadline.clock(Deadline.new(@open_timeout)))
      end)

    with {:error, error} <- opened, do: {:error, explained(error, options)}
  rescue
    # Such as a panic. The worker tries again.
    exception ->
      {:error, %Error{reason: :crashed, message: Exception.message(exception)}}
  end

  # The call of a process that was killed ends by itself, soon.
  defp settle_now(connection) do
    case Native.sqlite_reset(connection) do
      {:ok, :ok} ->
        :settled

      {:error, :in_use} ->
        receive do
        after
          @pause_ms -> settle_now(connection)
        end

      {:error, :closed} ->
        {:lost, :closed}

      {:error, other} ->
        {:not_settled, other}
    end
  rescue
    exception -> {:lost, exception}
  end

  defp explained(%Error{reason: :cannot_open} = error, %Options{path: path})
       when is_binary(path) do
    directory = Path.dirname(path)

    cond do
      not File.dir?(directory) ->
        %{error | message: "#{error.message} (there is no directory #{directory})"}

      File.dir?(path) ->
        %{error | message: "#{error.message} (it is a directory)"}

      true ->
        error
    end
  end

  defp explained(error, _options), do: error
end
