defmodule Cantilever.WebServer.Stream do
  @moduledoc false
  # A connection's bytes, plain or by TLS.

  @type t :: {:tcp, :gen_tcp.socket()} | {:tls, :ssl.sslsocket()}

  @typedoc "A socket that is listened on."
  @type listening :: {:tcp, :gen_tcp.socket()} | {:tls, term}

  # So much is read of a client that is not served any more, and for so long.
  @finish_bytes 1_000_000
  @finish_ms 500

  @doc """
  Waits for the next client.

  `:gen_tcp.accept/1` asks the listening socket for some ten options and sets them on the new one, in some forty calls of the system. The system gives a new
  socket those of the listening one by itself, so `direct?` leaves that out. What it would lose is what the VM and not the system does of them, and no server
  sets: `:delay_send`, `:recvtos`, `:recvttl` and `:recvtclass`.
  """
  @spec accept(listening, direct? :: boolean) :: {:ok, t} | {:error, term}
  def accept({:tcp, listening}, true) when is_port(listening) do
    with {:ok, family} <- :inet_db.lookup_socket(listening),
         {:ok, ref} <- :prim_inet.async_accept(listening, -1) do
      receive do
        {:inet_async, ^listening, ^ref, {:ok, port}} ->
          _registered = :inet_db.register_socket(port, family)
          {:ok, {:tcp, port}}

        {:inet_async, ^listening, ^ref, {:error, reason}} ->
          {:error, reason}
      end
    end
  end

  def accept({:tcp, listening}, _direct?) do
    with {:ok, port} <- :gen_tcp.accept(listening), do: {:ok, {:tcp, port}}
  end

  def accept({:tls, listening}, _direct?) do
    with {:ok, socket} <- :ssl.transport_accept(listening), do: {:ok, {:tls, socket}}
  end

  @doc """
  Makes another process the owner of a stream that is passive, as one is that was just accepted.

  `:gen_tcp.controlling_process/2` would ask whether it is, and look for packets that have come as messages.
  """
  @spec give(t, pid, direct? :: boolean) :: :ok | {:error, term}
  def give({:tcp, port}, owner, true) when is_port(port) do
    true = Port.connect(port, owner)
    true = Process.unlink(port)
    :ok
  rescue
    ArgumentError -> {:error, :closed}
  end

  def give({:tcp, socket}, owner, _direct?), do: :gen_tcp.controlling_process(socket, owner)
  def give({:tls, socket}, owner, _direct?), do: :ssl.controlling_process(socket, owner)

  @spec recv(t, timeout) :: {:ok, binary} | {:error, term}
  def recv({:tcp, port}, timeout), do: :gen_tcp.recv(port, 0, timeout)
  def recv({:tls, socket}, timeout), do: :ssl.recv(socket, 0, timeout)

  @doc "The first bytes of a request, unless the server is draining: a client that may wait has none under way."
  @spec await(t, timeout) :: {:ok, binary} | {:error, term}
  def await({_kind, socket} = stream, timeout) do
    with :ok <- activate(stream, :once) do
      receive do
        {kind, ^socket, bytes} when kind in [:tcp, :ssl] -> {:ok, bytes}
        {kind, ^socket} when kind in [:tcp_closed, :ssl_closed] -> {:error, :closed}
        {kind, ^socket, reason} when kind in [:tcp_error, :ssl_error] -> {:error, reason}
        :drain_connection -> {:error, :draining}
      after
        timeout -> {:error, :timeout}
      end
    end
  end

  @doc "Sends, and waits until the client has room for it."
  @spec write(t, iodata) :: :ok | {:error, term}
  def write({:tcp, port}, data), do: :gen_tcp.send(port, data)
  def write({:tls, socket}, data), do: :ssl.send(socket, data)

  @doc """
  Sends without waiting where the client has room; else as `write/2`.

  The answer of a plain socket may come later, as `{:inet_reply, port, :ok | {:error, reason}}`. `:gen_tcp.send/2` takes a monitor and a search of the
  mailbox for it, which is more than what the frame of a short message costs. From OTP 26 on it does not search any more, and a command
  of a socket's port has to say who is to be answered, so there it is what sends.
  """
  @spec write_soon(t, iodata, direct? :: boolean) :: :ok | {:error, term}
  def write_soon({:tcp, port} = stream, data, true) when is_port(port),
    do: command(stream, port, data)

  def write_soon(stream, data, _direct?), do: write(stream, data)

  # Asked when a server starts, as what was compiled by one release may run on another.
  @doc """
  Whether `accept/2`, `give/3` and `write_soon/3` may say to a socket's port themselves what `:gen_tcp` would: in the release whose ports are known to take it.
  """
  @spec direct?() :: boolean
  def direct?, do: :erlang.system_info(:otp_release) == ~c"25"

  defp command(stream, port, data) do
    if :erlang.port_command(port, data, [:nosuspend]) do
      receive do
        {:inet_reply, ^port, status} -> status
      after
        0 -> :ok
      end
    else
      write(stream, data)
    end
  rescue
    ArgumentError -> {:error, :closed}
  end

  @doc "Has the next `packets` come as messages."
  @spec activate(t, pos_integer | :once) :: :ok | {:error, term}
  def activate({:tcp, port}, packets), do: :inet.setopts(port, active: packets)
  def activate({:tls, socket}, packets), do: :ssl.setopts(socket, active: packets)

  @doc "Sends a part of a file."
  @spec send_file(t, :file.fd(), non_neg_integer, pos_integer) :: :ok | {:error, term}
  def send_file({:tcp, port}, file, offset, bytes) do
    case :file.sendfile(file, port, offset, bytes, []) do
      {:ok, ^bytes} -> :ok
      # It has become shorter meanwhile.
      {:ok, _fewer} -> {:error, :closed}
      error -> error
    end
  end

  def send_file(stream, file, offset, bytes) do
    case :file.pread(file, offset, bytes) do
      {:ok, data} when byte_size(data) == bytes -> write(stream, data)
      _shorter -> {:error, :closed}
    end
  end

  @spec peer(t) :: {:inet.ip_address(), :inet.port_number()} | nil
  def peer(stream) do
    case peername(stream) do
      {:ok, {ip, port}} when is_tuple(ip) -> {ip, port}
      _closed -> nil
    end
  end

  defp peername({:tcp, port}), do: :inet.peername(port)
  defp peername({:tls, socket}), do: :ssl.peername(socket)

  @doc "Closes after what is on its way."
  @spec close(t) :: :ok
  def close({:tcp, port}), do: :gen_tcp.close(port)

  def close({:tls, socket}) do
    _closed = :ssl.close(socket)
    :ok
  end

  @doc "Says that nothing more comes."
  @spec shutdown(t) :: :ok
  def shutdown(stream) do
    _done =
      case stream do
        {:tcp, port} -> :gen_tcp.shutdown(port, :write)
        {:tls, socket} -> :ssl.shutdown(socket, :write)
      end

    :ok
  end

  @doc "Closes when the client has, or half a second later: what has come and was not read would make the system throw away what was sent."
  @spec finish(t) :: :ok
  def finish(stream) do
    shutdown(stream)
    _read = read_off(stream, 0, now_ms() + @finish_ms)
    close(stream)
  end

  defp read_off(stream, read, until) do
    with true <- read < @finish_bytes,
         {:ok, bytes} <- recv(stream, max(until - now_ms(), 0)),
         do: read_off(stream, read + byte_size(bytes), until)
  end

  @doc "Says that nothing more comes if the client has had room for all that was sent: without waiting for one that does not read."
  @spec shutdown_soon(t) :: :ok
  def shutdown_soon(stream) do
    case getstat(stream) do
      {:ok, [send_pend: 0]} -> shutdown(stream)
      _waiting_or_closed -> :ok
    end
  end

  defp getstat({:tcp, port}), do: :inet.getstat(port, [:send_pend])
  defp getstat({:tls, socket}), do: :ssl.getstat(socket, [:send_pend])

  @doc "Closes at once, whatever is on its way."
  @spec abort(t) :: :ok
  def abort({:tcp, port} = stream) do
    _set = :inet.setopts(port, linger: {true, 0})
    close(stream)
  end

  def abort(stream), do: close(stream)

  defp now_ms, do: System.monotonic_time(:millisecond)
end
