defmodule Cantilever.WebServer.Listener do
  @moduledoc false
  # Has the socket that is listened on. When it dies, the socket is closed, and opened again at the same port.

  use GenServer

  alias Cantilever.WebServer.Config
  alias Cantilever.WebServer.Stream

  # Where its supervisor was killed, the one before it may have its name and its port for a moment. To fail at once would use up all restarts
  # that there may be.
  @patience_ms 1_000
  @again_ms 10

  @spec start_link(atom) :: GenServer.on_start()
  def start_link(name) do
    with {:error, {:already_started, before}} <- start(name) do
      gone = Process.monitor(before)

      receive do
        {:DOWN, ^gone, :process, ^before, _reason} -> start(name)
      after
        @patience_ms ->
          Process.demonitor(gone, [:flush])
          {:error, {:already_started, before}}
      end
    end
  end

  defp start(name),
    do: GenServer.start_link(__MODULE__, name, name: Config.part(name, __MODULE__))

  @doc "The socket, and how to accept from it."
  @spec socket(atom) :: Stream.listening()
  def socket(name), do: GenServer.call(Config.part(name, __MODULE__), :socket)

  @impl GenServer
  def init(name) do
    config = Config.fetch!(name)
    %{options: options} = config
    # What it was the last time, where it may be any.
    port = if Config.port(config) == 0, do: options.port, else: Config.port(config)

    # One that nobody has had so far is somebody else's if it is taken.
    patience_ms = if Config.port(config) == 0, do: 0, else: @patience_ms

    case listen_when_free(options, port, patience_ms) do
      {:ok, listening, port} ->
        Config.put_port(config, port)
        {:ok, listening}

      {:error, reason} ->
        {:stop, {:listen, %{ip: options.ip, port: port, reason: reason}}}
    end
  end

  @impl GenServer
  def handle_call(:socket, _from, listening), do: {:reply, listening, listening}

  defp listen_when_free(options, port, patience_ms) do
    with {:error, :eaddrinuse} when patience_ms > 0 <- listen(options, port) do
      receive after: (@again_ms -> :ok)
      listen_when_free(options, port, patience_ms - @again_ms)
    end
  end

  defp listen(%{tls: nil} = options, port) do
    with {:ok, socket} <- :gen_tcp.listen(port, tcp_options(options)),
         {:ok, port} <- :inet.port(socket),
         do: {:ok, {:tcp, socket}, port}
  end

  defp listen(%{tls: tls} = options, port) do
    # Only who asks for TLS needs it, and in a release, :ssl among the applications.
    with {:ok, _started} <- Application.ensure_all_started(:ssl),
         {:ok, socket} <- :ssl.listen(port, tcp_options(options) ++ tls),
         {:ok, {_ip, port}} <- :ssl.sockname(socket),
         do: {:ok, {:tls, socket}, port}
  end

  defp tcp_options(options) do
    [
      :binary,
      family(options.ip),
      ip: options.ip,
      active: false,
      packet: :raw,
      reuseaddr: true,
      nodelay: true,
      backlog: options.backlog,
      # A connection that waits has no buffer; this is what is read at a time.
      buffer: 4_096,
      high_watermark: options.outgoing_bytes,
      low_watermark: div(options.outgoing_bytes, 2),
      send_timeout: options.send_timeout_ms,
      send_timeout_close: true
    ]
  end

  defp family(ip) when tuple_size(ip) == 8, do: :inet6
  defp family(_ip), do: :inet
end
