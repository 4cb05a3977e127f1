Code.require_file("../support/machine.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.Node do
  @moduledoc """
  The server in a VM of its own, so that its memory is that of nothing else.

      Cantilever.Bench.WebSocket.Node.run(fn server ->
        Cantilever.Bench.WebSocket.Node.resident_bytes(server)
      end)

  With `loads: true` it has functions that keep it busy, each about 20 ms a call: see `Cantilever.Bench.WebSocket.Loads`.
  """

  alias Cantilever.Bench.Machine
  alias Cantilever.Bench.WebSocket.{Loads, Server}

  # So many sockets and processes: as many as the system lets it have open, and more.
  @flags ~w(+Q 65536 +P 262144)
  @start_ms 60_000
  # What a load that has begun is given before something is measured.
  @settle_ms 300

  @enforce_keys [:peer, :port, :os_pid, :secret]
  defstruct @enforce_keys

  @type t :: %__MODULE__{
          peer: pid,
          port: :inet.port_number(),
          os_pid: String.t(),
          secret: binary
        }

  @doc "The result of `fun`, which gets the server."
  @spec run([loads: boolean], (t -> result)) :: result when result: term
  def run(options \\ [], fun) do
    {:ok, peer, _node} =
      :peer.start_link(%{
        connection: :standard_io,
        exec:
          {~c"/bin/sh", [~c"-c", ~c"ulimit -n \"$(ulimit -Hn)\" && exec erl \"$@\"", ~c"erl"]},
        args: Enum.map(@flags, &to_charlist/1) ++ paths()
      })

    try do
      fun.(start(peer, options[:loads]))
    after
      :peer.stop(peer)
    end
  end

  # The last one becomes the first, which has the protocols as a release has them.
  defp paths, do: Enum.flat_map(Enum.reverse(:code.get_path()), &[~c"-pa", &1])

  defp start(peer, loads?) do
    {:ok, _started} = call(peer, :application, :ensure_all_started, [:cantilever])
    true = call(peer, Protocol, :consolidated?, [Enumerable])
    # As a release does, where no client has to wait for that.
    :ok = call(peer, :code, :ensure_modules_loaded, [modules(peer)])
    load(peer, "server.exs")
    secret = :crypto.strong_rand_bytes(32)
    port = call(peer, Server, :start, [secret])

    if loads? do
      load(peer, "loads.exs")
      {calls, beam} = Loads.calls!()
      {:module, ^calls} = call(peer, :code, :load_binary, [calls, ~c"bench", beam])
      :ok = call(peer, Loads, :prepare, [])
    end

    os_pid = List.to_string(call(peer, :os, :getpid, []))
    %__MODULE__{peer: peer, port: port, os_pid: os_pid, secret: secret}
  end

  defp modules(peer) do
    for {application, _description, _version} <-
          call(peer, :application, :loaded_applications, []),
        {:ok, modules} = call(peer, :application, :get_key, [application, :modules]),
        module <- modules,
        do: module
  end

  defp load(peer, file), do: call(peer, Code, :require_file, [Path.expand(file, __DIR__)])

  defp call(peer, module, function, arguments),
    do: :peer.call(peer, module, function, arguments, @start_ms)

  @doc "A token of the user with this number."
  @spec token(t, pos_integer) :: String.t()
  def token(server, number), do: Cantilever.Chat.Token.sign(server.secret, "user-#{number}")

  @doc "What of the server's memory is resident."
  @spec resident_bytes(t) :: non_neg_integer
  def resident_bytes(server), do: Machine.resident_bytes(server.os_pid)

  @doc "What the server's VM says that it has."
  @spec total_bytes(t) :: non_neg_integer
  def total_bytes(server), do: call(server.peer, :erlang, :memory, [:total])

  @doc "For how many ms the server has kept a core busy."
  @spec busy_ms(t) :: non_neg_integer
  def busy_ms(server) do
    [_name, fields] = String.split(File.read!("/proc/#{server.os_pid}/stat"), ") ")
    [user, system] = fields |> String.split(" ") |> Enum.slice(11, 2)
    # They are in hundredths of a second, whatever the kernel's own clock is.
    10 * (String.to_integer(user) + String.to_integer(system))
  end

  @doc """
  What `measure` finds while the server is busy with a load, `:idle` for none, with the calls that the load made as `"calls_per_s"`.

  A load ends by itself after `limit_ms`: one that keeps all schedulers hears nobody.
  """
  @spec beside(t, Loads.kind() | :idle, pos_integer | :infinity, (() -> map)) :: map
  def beside(server, kind, limit_ms \\ :infinity, measure)
  def beside(_server, :idle, _limit_ms, measure), do: Map.put(measure.(), "calls_per_s", 0)

  def beside(server, kind, limit_ms, measure) do
    :ok = :peer.cast(server.peer, Loads, :start, [kind, limit_ms])
    receive after: (@settle_ms -> :ok)
    figures = measure.()
    calls_per_s = call(server.peer, Loads, :stop, [])
    # A load that did not run would disturb nobody.
    true = calls_per_s > 0
    Map.put(figures, "calls_per_s", calls_per_s)
  end
end
