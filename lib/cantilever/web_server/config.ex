defmodule Cantilever.WebServer.Config do
  @moduledoc false
  # What all processes of a server read: its options, what it serves, its counters, and how to write.

  alias Cantilever.WebServer.Addresses
  alias Cantilever.WebServer.ConnectionSupervisor
  alias Cantilever.WebServer.Counters
  alias Cantilever.WebServer.Static
  alias Cantilever.WebServer.Stream

  @enforce_keys [
    :name,
    :options,
    :static,
    :counters,
    :addresses,
    :state,
    :connection_supervisor,
    :direct?
  ]
  defstruct @enforce_keys

  @type t :: %__MODULE__{
          name: atom,
          options: Cantilever.WebServer.Options.t(),
          static: Static.t(),
          counters: Counters.t(),
          addresses: Addresses.t() | nil,
          connection_supervisor: atom,
          direct?: boolean,
          # The port, whether the server is draining, and when connections were counted last.
          state: :atomics.atomics_ref()
        }

  @port 1
  @draining 2
  @counted_ms 3

  # No more often.
  @count_ms 1_000

  @spec new(Cantilever.WebServer.Options.t()) :: t
  def new(options) do
    %__MODULE__{
      name: options.name,
      options: options,
      static: Static.index(options.static),
      counters: Counters.new(),
      addresses: Addresses.new(options.max_connections_per_ip),
      connection_supervisor: part(options.name, ConnectionSupervisor),
      direct?: Stream.direct?(),
      state: :atomics.new(3, signed: false)
    }
  end

  @spec put(t) :: :ok
  def put(config), do: :persistent_term.put({__MODULE__, config.name}, config)

  @spec fetch!(atom) :: t
  def fetch!(name) do
    case :persistent_term.get({__MODULE__, name}, nil) do
      nil ->
        raise ArgumentError,
              "there is no web server #{inspect(name)}: put `{Cantilever.WebServer, name: #{inspect(name)}}` into a supervision tree"

      config ->
        config
    end
  end

  @doc "The port that it listens on, or 0 while it has not yet."
  @spec port(t) :: :inet.port_number()
  def port(config), do: :atomics.get(config.state, @port)

  @spec put_port(t, :inet.port_number()) :: :ok
  def put_port(config, port), do: :atomics.put(config.state, @port, port)

  @spec draining?(t) :: boolean
  def draining?(config), do: :atomics.get(config.state, @draining) == 1

  @spec drain(t) :: :ok
  def drain(config), do: :atomics.put(config.state, @draining, 1)

  @doc "Whether it is time to count again which connections there are, which is the caller's to do then."
  @spec recount?(t) :: boolean
  def recount?(config) do
    counted_ms = :atomics.get(config.state, @counted_ms)
    now_ms = System.system_time(:millisecond)

    abs(now_ms - counted_ms) >= @count_ms and
      :atomics.compare_exchange(config.state, @counted_ms, counted_ms, now_ms) == :ok
  end

  @doc "The name of a part of a server."
  @spec part(atom, module) :: atom
  def part(name, part), do: Module.concat(name, part |> Module.split() |> List.last())
end
