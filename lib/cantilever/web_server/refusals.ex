defmodule Cantilever.WebServer.Refusals do
  @moduledoc false
  # Tells clients that there are too many, each in a process of its own: what was sent is lost when a socket is closed before all that has come
  # was read. There are only so many of these processes, for a crowd is not to be served after all, and no acceptor waits for them.

  alias Cantilever.WebServer.Config
  alias Cantilever.WebServer.Response
  alias Cantilever.WebServer.Stream

  @most 256
  @handed_over_ms 1_000

  @spec child_spec(atom) :: Supervisor.child_spec()
  def child_spec(name) do
    Supervisor.child_spec(
      {Task.Supervisor, name: Config.part(name, __MODULE__), max_children: @most},
      id: __MODULE__
    )
  end

  @doc "Refuses a client, whose socket is the calling process's. By TLS it is closed without a word: to say one takes a handshake."
  @spec refuse(Config.t(), Stream.t(), 429 | 503) :: :ok
  def refuse(config, {:tcp, _socket} = stream, status) do
    case start(config.name, stream, status) do
      {:ok, pid} ->
        with {:error, _gone} <- Stream.give(stream, pid, config.direct?),
             do: Stream.close(stream)

        send(pid, :handed_over)
        :ok

      :busy ->
        # A socket that is new has room for so little. Who has sent nothing yet can read it.
        _gone = Stream.write(stream, Response.refusal(status))
        Stream.close(stream)
    end
  end

  def refuse(_config, stream, _status), do: Stream.close(stream)

  defp start(name, stream, status) do
    case Task.Supervisor.start_child(Config.part(name, __MODULE__), fn -> tell(stream, status) end) do
      {:ok, pid} -> {:ok, pid}
      {:error, _too_many} -> :busy
    end
  catch
    :exit, _restarting -> :busy
  end

  defp tell(stream, status) do
    receive do
      :handed_over ->
        _gone = Stream.write(stream, Response.refusal(status))
        Stream.finish(stream)
    after
      # The acceptor has died in between, and the socket with it.
      @handed_over_ms -> :ok
    end
  end
end
