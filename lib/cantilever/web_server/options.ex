defmodule Cantilever.WebServer.Options do
  @moduledoc false
  # The options of a web server.

  alias Cantilever.Options

  @schema [
    name: [
      type: :atom,
      default: Cantilever.WebServer,
      doc: "the name that all functions take, and that the names of its parts begin with"
    ],
    ip: [
      type: :term,
      default: {127, 0, 0, 1},
      doc:
        "the address to listen on, as `:inet` has it: `{0, 0, 0, 0}` and `{0, 0, 0, 0, 0, 0, 0, 0}` are all of them"
    ],
    port: [type: {:integer, 0, 65_535}, default: 4_000, doc: "the port; 0 is any that is free"],
    sockets: [
      type: :term,
      default: %{},
      doc:
        "a map of paths to `{module, options}` with the callbacks of `Phoenix.Socket.Transport`"
    ],
    routes: [
      type: :term,
      default: %{},
      doc:
        "a map of paths to `{module, function, arguments}`: called with the request before the arguments, it returns `{status, headers, body}`"
    ],
    static: [
      type: {:or, nil, :string},
      default: nil,
      doc:
        "a folder whose files are served, as they were when the server started; `/` is its `index.html`"
    ],
    tls: [
      type: {:or, nil, :keyword},
      default: nil,
      doc: "options of `:ssl.listen/2` for TLS, as `[certfile: path, keyfile: path]`"
    ],
    check_origin: [
      type: :term,
      default: true,
      doc:
        "which pages may open WebSockets: `true`, those of the host that is asked; a list of origins as `https://example.org`; `false`, all"
    ],
    hosts: [
      type: :term,
      default: :by_address,
      doc:
        "the hosts that it answers for, as in the header `Host` without a port; others get 421, so that no page whose name leads here is taken for one of its own. `:any`, a list, or `:by_address`: `localhost`, `127.0.0.1` and `[::1]` where it listens on this machine alone, else any"
    ],
    metrics: [
      type: :boolean,
      default: true,
      doc: "whether there is `/metrics`, for everybody who can reach the server"
    ],
    acceptors: [type: {:integer, 1}, default: 8, doc: "how many processes accept connections"],
    backlog: [
      type: {:integer, 1},
      default: 4_096,
      doc: "how many connections may wait to be accepted; the system has a limit of its own"
    ],
    accepts_per_s: [
      type: {:integer, 1},
      default: 20_000,
      doc: "how many connections are accepted a second; more wait in the backlog"
    ],
    max_connections: [
      type: {:integer, 1},
      default: 100_000,
      doc: "how many may be open; more are answered with 503 and closed"
    ],
    max_connections_per_ip: [
      type: {:or, nil, {:integer, 1}},
      default: nil,
      doc:
        "the same for each address (429); without it, one client can take all of `max_connections`, and with it, all who come through one proxy are one address"
    ],
    max_header_bytes: [
      type: {:integer, 256},
      default: 16_384,
      doc: "the largest head of a request (431)"
    ],
    max_target_bytes: [
      type: {:integer, 16},
      default: 4_096,
      doc: "the longest path with its query (414)"
    ],
    request_timeout_ms: [
      type: {:integer, 1},
      default: 10_000,
      doc: "how long the head of a request, and the handshake of TLS, may take, in ms (408)"
    ],
    keep_alive_ms: [
      type: {:integer, 0},
      default: 15_000,
      doc: "how long a connection may wait for its next request, in ms"
    ],
    max_requests: [
      type: {:integer, 1},
      default: 1_000,
      doc: "how many requests one connection may make"
    ],
    max_frame_bytes: [
      type: {:integer, 125, 67_108_864},
      default: 1_048_576,
      doc: "the largest frame of a WebSocket (1009)"
    ],
    max_message_bytes: [
      type: {:integer, 125, 67_108_864},
      default: 1_048_576,
      doc: "the largest message, over all of its frames (1009)"
    ],
    frames_per_s: [
      type: {:integer, 1},
      default: 100,
      doc: "how many frames a second a client may send (1008)"
    ],
    frames_burst: [
      type: {:integer, 1},
      default: 200,
      doc: "how many of them may come at once after a pause"
    ],
    bytes_per_s: [
      type: {:integer, 16_384},
      default: 1_048_576,
      doc:
        "how many bytes a second are read of a WebSocket; a client that sends more has to wait, as what it sends costs the server time"
    ],
    bytes_burst: [
      type: {:integer, 16_384},
      default: 262_144,
      doc: "how many of them are read at once after a pause, and up to 32 packets more"
    ],
    idle_timeout_ms: [
      type: {:integer, 1},
      default: 60_000,
      doc:
        "after how long a WebSocket is closed that nothing has come from, in ms; after three quarters of it, the client gets a ping, whose answer counts"
    ],
    close_timeout_ms: [
      type: {:integer, 1},
      default: 2_000,
      doc:
        "how long a client has to answer that its WebSocket is closed, and to close its end, in ms"
    ],
    hibernate_after_ms: [
      type: {:integer, 1},
      default: 5_000,
      doc:
        "after how long without a message the process of a WebSocket hibernates, in ms; one that gets a message now and then does so right after it, or where that is not answered at once, when something is written, or after a second"
    ],
    outgoing_bytes: [
      type: {:integer, 1_024},
      default: 65_536,
      doc:
        "how many bytes may wait in the server for a client to read them; then its process waits, and messages gather in its mailbox"
    ],
    send_timeout_ms: [
      type: {:integer, 1},
      default: 15_000,
      doc: "after how long a client that does not read is dropped, in ms"
    ],
    drain_per_s: [
      type: {:integer, 1},
      default: 1_000,
      doc: "how many WebSockets a second are closed, with 1012, when the server stops"
    ],
    drain_timeout_ms: [
      type: {:integer, 0},
      default: 10_000,
      doc: "how long that may take in all, in ms; who is left then is cut off"
    ]
  ]

  @type t :: %{atom => term}

  @spec docs() :: String.t()
  def docs, do: Options.docs(@schema)

  @spec new!(term) :: t
  def new!(given) do
    options = Options.new!(given, @schema, "a web server")
    check!(:ip, options.ip, match?({:ok, _}, address(options.ip)), "an address of `:inet`")

    check!(
      :sockets,
      options.sockets,
      paths?(options.sockets, fn
        {module, options} -> is_atom(module) and Keyword.keyword?(options)
        _other -> false
      end),
      "a map of paths, which begin with `/`, to `{module, options}`",
      # What sockets are given may be secret.
      &if(is_map(&1), do: Map.keys(&1), else: &1)
    )

    check!(
      :hosts,
      options.hosts,
      options.hosts in [:any, :by_address] or
        (is_list(options.hosts) and Enum.all?(options.hosts, &is_binary/1)),
      "`:any`, `:by_address` or a list of hosts"
    )

    check!(
      :routes,
      options.routes,
      paths?(
        options.routes,
        &match?({m, f, a} when is_atom(m) and is_atom(f) and is_list(a), &1)
      ),
      "a map of paths, which begin with `/`, to `{module, function, arguments}`"
    )

    check!(
      :check_origin,
      options.check_origin,
      is_boolean(options.check_origin) or
        (is_list(options.check_origin) and Enum.all?(options.check_origin, &is_binary/1)),
      "true, false or a list of origins"
    )

    check!(
      :static,
      options.static,
      options.static == nil or File.dir?(options.static),
      "a folder that exists"
    )

    %{options | hosts: hosts(options)}
  end

  defp address(ip) do
    case :inet.ntoa(ip) do
      {:error, _einval} -> :error
      text -> {:ok, text}
    end
  end

  defp paths?(map, valid?) do
    is_map(map) and Enum.all?(map, fn {path, to} -> match?("/" <> _, path) and valid?.(to) end)
  end

  defp check!(key, value, valid?, shape, shown \\ & &1)
  defp check!(_key, _value, true, _shape, _shown), do: :ok

  defp check!(key, value, false, shape, shown) do
    raise ArgumentError,
          "the option #{inspect(key)} of a web server is #{shape}, got: #{inspect(shown.(value))}"
  end

  defp hosts(%{hosts: :by_address, ip: ip}) do
    if elem(ip, 0) == 127 or ip == {0, 0, 0, 0, 0, 0, 0, 1},
      do: ["localhost", "127.0.0.1", "[::1]"],
      else: :any
  end

  defp hosts(%{hosts: :any}), do: :any
  defp hosts(%{hosts: hosts}), do: Enum.map(hosts, &String.downcase(&1, :ascii))
end
