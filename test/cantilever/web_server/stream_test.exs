defmodule Cantilever.WebServer.StreamTest do
  use ExUnit.Case, async: true

  alias Cantilever.WebServer.Stream

  # With values that are not the system's own.
  @options [
    :binary,
    active: false,
    packet: :raw,
    nodelay: true,
    keepalive: true,
    buffer: 4_096,
    high_watermark: 300_000,
    low_watermark: 150_000,
    send_timeout: 1_234,
    send_timeout_close: true
  ]
  @asked [
    :mode,
    :active,
    :packet,
    :nodelay,
    :keepalive,
    :buffer,
    :high_watermark,
    :low_watermark,
    :send_timeout,
    :send_timeout_close,
    :delay_send,
    :linger,
    :priority,
    :tos,
    :exit_on_close,
    :header,
    :show_econnreset
  ]
  @asked_of %{
    inet: [:ttl, :recvtos, :recvttl],
    inet6: [:tclass, :recvtclass]
  }

  defp listen(family, ip) do
    {:ok, listening} = :gen_tcp.listen(0, [family, {:ip, ip} | @options])
    {:ok, port} = :inet.port(listening)
    {listening, port}
  end

  defp accept(listening, ip, port, direct?) do
    {:ok, client} = :gen_tcp.connect(ip, port, [:binary, active: false])
    {:ok, {:tcp, socket}} = Stream.accept({:tcp, listening}, direct?)
    {client, socket}
  end

  describe "accept/2" do
    test "gives the socket that :gen_tcp would give, whichever way" do
      for {family, ip, module} <- [
            {:inet, {127, 0, 0, 1}, :inet_tcp},
            {:inet6, {0, 0, 0, 0, 0, 0, 0, 1}, :inet6_tcp}
          ],
          family == :inet or inet6?() do
        {listening, port} = listen(family, ip)

        [known | others] =
          for direct? <- Enum.uniq([false, Stream.direct?()]) do
            {client, socket} = accept(listening, ip, port, direct?)
            assert :inet_db.lookup_socket(socket) == {:ok, module}
            assert Port.info(socket, :connected) == {:connected, self()}
            assert :ok = :gen_tcp.send(client, "from the client")
            assert {:ok, "from the client"} = :gen_tcp.recv(socket, 0)
            assert :ok = :gen_tcp.send(socket, "from the server")
            assert {:ok, "from the server"} = :gen_tcp.recv(client, 0)
            {:ok, options} = :inet.getopts(socket, @asked ++ @asked_of[family])
            options
          end

        assert known[:nodelay] and known[:keepalive] and known[:high_watermark] == 300_000
        for options <- others, do: assert(options == known)
      end
    end

    test "says that the listening socket is closed, also to who waits already" do
      for direct? <- Enum.uniq([false, Stream.direct?()]) do
        {listening, _port} = listen(:inet, {127, 0, 0, 1})
        waiting = Task.async(fn -> Stream.accept({:tcp, listening}, direct?) end)
        Cantilever.Eventually.eventually(fn -> waiting?(waiting.pid) end)
        :gen_tcp.close(listening)
        assert Task.await(waiting) == {:error, :closed}
        assert Stream.accept({:tcp, listening}, direct?) == {:error, :closed}
      end
    end

    test "leaves nothing behind of who is killed while it waits" do
      for direct? <- Enum.uniq([false, Stream.direct?()]) do
        ip = {127, 0, 0, 1}
        {listening, port} = listen(:inet, ip)

        {waiting, monitor} = spawn_monitor(fn -> Stream.accept({:tcp, listening}, direct?) end)

        Cantilever.Eventually.eventually(fn -> waiting?(waiting) end)
        Process.exit(waiting, :kill)
        assert_receive {:DOWN, ^monitor, :process, ^waiting, :killed}, 5_000

        test = self()

        spawn_link(fn ->
          {:ok, {:tcp, socket}} = Stream.accept({:tcp, listening}, direct?)
          send(test, {:accepted, :inet.peername(socket)})
          receive do: (:never -> :ok)
        end)

        # The first client may still be the dead one's, which closes it.
        {:ok, first} = :gen_tcp.connect(ip, port, [:binary, active: true])
        {:ok, name} = :inet.sockname(first)

        accepted =
          receive do
            {:accepted, accepted} ->
              accepted

            {:tcp_closed, ^first} ->
              {:ok, second} = :gen_tcp.connect(ip, port, [:binary, active: true])
              assert_receive {:accepted, accepted}, 5_000
              assert :inet.sockname(second) == accepted
              {:ok, name}
          after
            5_000 -> flunk("nobody accepts")
          end

        assert accepted == {:ok, name}
      end
    end
  end

  describe "give/3" do
    test "makes another process the owner, which ends with it, and not with the one before" do
      for direct? <- Enum.uniq([false, Stream.direct?()]) do
        ip = {127, 0, 0, 1}
        {listening, port} = listen(:inet, ip)
        test = self()

        {first, first_monitor} =
          spawn_monitor(fn ->
            {client, socket} = accept(listening, ip, port, direct?)
            :ok = :gen_tcp.controlling_process(client, test)
            second = spawn(fn -> echo(socket) end)
            :ok = Stream.give({:tcp, socket}, second, direct?)
            send(second, :begin)
            send(test, {:given, client, socket, second})
          end)

        assert_receive {:given, client, socket, second}, 5_000
        assert_receive {:DOWN, ^first_monitor, :process, ^first, :normal}, 5_000
        assert Port.info(socket, :connected) == {:connected, second}
        assert {:links, [^second]} = Port.info(socket, :links)

        :ok = :gen_tcp.send(client, "hello")
        assert {:ok, "hello"} = :gen_tcp.recv(client, 0)
        Process.exit(second, :kill)
        assert {:error, :closed} = :gen_tcp.recv(client, 0)
        assert Port.info(socket) == nil
      end
    end

    test "says of a closed socket that it is none" do
      for direct? <- Enum.uniq([false, Stream.direct?()]) do
        ip = {127, 0, 0, 1}
        {listening, port} = listen(:inet, ip)
        {_client, socket} = accept(listening, ip, port, direct?)
        :gen_tcp.close(socket)
        assert {:error, _reason} = Stream.give({:tcp, socket}, self(), direct?)
      end
    end
  end

  defp echo(socket) do
    receive do: (:begin -> :ok)
    {:ok, data} = :gen_tcp.recv(socket, 0)
    :ok = :gen_tcp.send(socket, data)
    receive do: (:never -> :ok)
  end

  # Not every machine has it.
  defp inet6? do
    case :gen_tcp.listen(0, [:inet6, ip: {0, 0, 0, 0, 0, 0, 0, 1}]) do
      {:ok, listening} -> :gen_tcp.close(listening) == :ok
      {:error, _no_such_address} -> false
    end
  end

  defp waiting?(pid), do: Process.info(pid, :status) == {:status, :waiting}
end
