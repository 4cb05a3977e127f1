for file <- ~w(../support/machine vm), do: Code.require_file("#{file}.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.Node do
  @moduledoc """
  The server in a VM of its own, so that its memory is that of nothing else.

      Cantilever.Bench.WebSocket.Node.run(fn server ->
        Cantilever.Bench.WebSocket.Node.resident_bytes(server)
      end)

  With `loads: true` it has functions that keep it busy, each about 20 ms a call: see `Cantilever.Bench.WebSocket.Loads`. With `limits: true` it allows a client
  what the library does by default, and not more than that.
  """

  alias Cantilever.Bench.Machine
  alias Cantilever.Bench.WebSocket.{BareServer, Loads, Server, VM}

  # What a load that has begun is given before something is measured.
  @settle_ms 300

  @enforce_keys [:vm, :port, :os_pid, :secret]
  defstruct @enforce_keys

  @type t :: %__MODULE__{
          vm: VM.t(),
          port: :inet.port_number(),
          os_pid: String.t(),
          secret: binary
        }

  @doc "The result of `fun`, which gets the server."
  @spec run([{:loads | :limits, boolean}], (t -> result)) :: result when result: term
  def run(options \\ [], fun), do: VM.run(fn vm -> vm |> start(options) |> fun.() end)

  @doc "The result of `fun`, which gets a server that does nothing but give the answers that clients wait for."
  @spec run_bare((t -> result)) :: result when result: term
  def run_bare(fun) do
    VM.run(fn vm ->
      VM.load(vm, "bare_server.exs")
      port = VM.call(vm, BareServer, :start, [])
      vm |> node(port, :crypto.strong_rand_bytes(32)) |> fun.()
    end)
  end

  defp start(vm, options) do
    {:ok, _started} = VM.call(vm, :application, :ensure_all_started, [:cantilever])
    true = VM.call(vm, Protocol, :consolidated?, [Enumerable])
    # As a release does, where no client has to wait for that.
    :ok = VM.call(vm, :code, :ensure_modules_loaded, [modules(vm)])
    VM.load(vm, "server.exs")
    secret = :crypto.strong_rand_bytes(32)
    port = VM.call(vm, Server, :start, [secret, options[:limits] || false])

    if options[:loads] do
      VM.load(vm, "loads.exs")
      {calls, beam} = Loads.calls!()
      {:module, ^calls} = VM.call(vm, :code, :load_binary, [calls, ~c"bench", beam])
      :ok = VM.call(vm, Loads, :prepare, [])
    end

    node(vm, port, secret)
  end

  defp node(vm, port, secret) do
    os_pid = List.to_string(VM.call(vm, :os, :getpid, []))
    %__MODULE__{vm: vm, port: port, os_pid: os_pid, secret: secret}
  end

  defp modules(vm) do
    for {application, _description, _version} <-
          VM.call(vm, :application, :loaded_applications, []),
        {:ok, modules} = VM.call(vm, :application, :get_key, [application, :modules]),
        module <- modules,
        do: module
  end

  @doc "A token of the user with this number."
  @spec token(t, pos_integer) :: String.t()
  def token(server, number), do: Cantilever.Chat.Token.sign(server.secret, "user-#{number}")

  @doc "What of the server's memory is resident."
  @spec resident_bytes(t) :: non_neg_integer
  def resident_bytes(server), do: Machine.resident_bytes(server.os_pid)

  @doc "What the server's VM says that it has."
  @spec total_bytes(t) :: non_neg_integer
  def total_bytes(server), do: VM.call(server.vm, :erlang, :memory, [:total])

  @doc "How many connections are open."
  @spec connections(t) :: non_neg_integer
  def connections(server), do: VM.call(server.vm, Server, :connections, [])

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
    :ok = :peer.cast(server.vm, Loads, :start, [kind, limit_ms])
    receive after: (@settle_ms -> :ok)
    figures = measure.()
    calls_per_s = VM.call(server.vm, Loads, :stop, [])
    # A load that did not run would disturb nobody.
    true = calls_per_s > 0
    Map.put(figures, "calls_per_s", calls_per_s)
  end
end
