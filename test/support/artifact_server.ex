defmodule Cantilever.ArtifactServer do
  @moduledoc false
  # A small server of HTTP for tests, which can also do what servers should not: close too early, reset, be slow. Plain
  # or with TLS, and as a proxy too, as it hands over the whole request line.

  @type request :: %{method: String.t(), target: String.t(), headers: %{String.t() => String.t()}}
  @type response ::
          {pos_integer(), [{String.t(), String.t()}], iodata()}
          | {:raw, iodata()}
          | {:raw_then_reset, iodata()}
          | {:raw_then_wait, iodata()}
          | {:raw_on_and_on, head :: iodata(), part :: iodata(), pid()}
          | {:tunnel, :inet.port_number()}

  # Answers each request with what `handler` returns for it, until the test ends. With `:tls`, options of `:ssl`.
  @spec start((request() -> response()), keyword()) :: :inet.port_number()
  def start(handler, opts \\ []) do
    test = self()

    ExUnit.Callbacks.start_supervised!(
      Supervisor.child_spec({Task, fn -> serve(handler, opts, test) end},
        id: make_ref(),
        shutdown: :brutal_kill
      )
    )

    receive do
      {__MODULE__, port} -> port
    end
  end

  # A port on which nobody listens: one that was free a moment ago may be another test's now.
  @spec closed_port() :: :inet.port_number()
  def closed_port, do: 1

  # Serves the files by the last part of the path.
  @spec files(%{String.t() => binary()}) :: (request() -> response())
  def files(files) do
    fn request ->
      [path | _query] = String.split(request.target, "?")

      case Map.fetch(files, Path.basename(path)) do
        {:ok, bytes} -> {200, [], bytes}
        :error -> {404, [], "no such file"}
      end
    end
  end

  # A certificate for `localhost` by an authority of its own: the options of the server, and that authority.
  @spec certificate(String.t()) :: {keyword(), [binary()]}
  def certificate(host \\ "localhost") do
    name = {:Extension, {2, 5, 29, 17}, false, [dNSName: String.to_charlist(host)]}
    key = {:namedCurve, :secp256r1}

    data =
      :public_key.pkix_test_data(%{
        server_chain: %{
          root: [key: key],
          intermediates: [],
          peer: [key: key, extensions: [name]]
        },
        client_chain: %{root: [key: key], intermediates: [], peer: [key: key]}
      })

    {Keyword.take(data.server_config, [:cert, :key]), data.client_config[:cacerts]}
  end

  defp serve(handler, opts, test) do
    {:ok, listener} =
      :gen_tcp.listen(0, [
        :binary,
        ip: {127, 0, 0, 1},
        active: false,
        backlog: 50,
        reuseaddr: true
      ])

    {:ok, port} = :inet.port(listener)
    send(test, {__MODULE__, port})
    accept(listener, handler, opts)
  end

  defp accept(listener, handler, opts) do
    {:ok, socket} = :gen_tcp.accept(listener)

    worker =
      spawn_link(fn ->
        receive do
          :go -> connection(socket, handler, opts)
        end
      end)

    :ok = :gen_tcp.controlling_process(socket, worker)
    send(worker, :go)
    accept(listener, handler, opts)
  end

  defp connection(socket, handler, opts) do
    case secure(socket, opts[:tls]) do
      {:ok, transport} -> exchange(transport, handler)
      {:error, _reason} -> :gen_tcp.close(socket)
    end
  end

  defp secure(socket, nil), do: {:ok, {:gen_tcp, socket}}

  defp secure(socket, tls) do
    {:ok, _started} = Application.ensure_all_started(:ssl)

    with {:ok, socket} <- :ssl.handshake(socket, [log_level: :none] ++ tls, 10_000),
         do: {:ok, {:ssl, socket}}
  end

  defp exchange({module, socket} = transport, handler) do
    with {:ok, request} <- read(transport, "") do
      case handler.(request) do
        {code, headers, body} ->
          module.send(socket, message(code, headers, body))
          module.close(socket)

        {:raw, bytes} ->
          module.send(socket, bytes)
          module.close(socket)

        {:raw_then_reset, bytes} ->
          module.send(socket, bytes)
          # What was sent is to arrive before the reset does.
          receive do
          after
            50 -> :ok
          end

          :inet.setopts(socket, linger: {true, 0})
          module.close(socket)

        {:raw_then_wait, bytes} ->
          module.send(socket, bytes)
          module.recv(socket, 0)

        # Tells the process when nobody listens any more.
        {:raw_on_and_on, head, part, pid} ->
          on_and_on(transport, head, part)
          send(pid, {:nobody_listens, self()})

        {:tunnel, port} ->
          module.send(socket, "HTTP/1.1 200 Connection established\r\n\r\n")
          tunnel(socket, port)
      end
    end
  end

  defp on_and_on({module, socket} = transport, next, part) do
    with :ok <- module.send(socket, next), do: on_and_on(transport, part, part)
  end

  defp message(code, headers, body) do
    headers = [
      {"content-length", Integer.to_string(IO.iodata_length(body))},
      {"connection", "close"} | headers
    ]

    [head(code, headers), body]
  end

  # The beginning of an answer, for one that goes on by hand.
  @spec head(pos_integer(), [{String.t(), String.t()}]) :: iodata()
  def head(code, headers),
    do: [
      "HTTP/1.1 #{code} Text\r\n",
      for({name, value} <- headers, do: "#{name}: #{value}\r\n"),
      "\r\n"
    ]

  defp read({module, socket} = transport, text) do
    case String.split(text, "\r\n\r\n", parts: 2) do
      [head, _body] ->
        [line | lines] = String.split(head, "\r\n")
        [method, target, _version] = String.split(line, " ")

        headers =
          for line <- lines, [name, value] = String.split(line, ":", parts: 2), into: %{} do
            {String.downcase(name), String.trim(value)}
          end

        {:ok, %{method: method, target: target, headers: headers}}

      [_part] ->
        with {:ok, more} <- module.recv(socket, 0), do: read(transport, text <> more)
    end
  end

  defp tunnel(client, port) do
    {:ok, server} = :gen_tcp.connect({127, 0, 0, 1}, port, [:binary, active: false])
    spawn_link(fn -> copy(server, client) end)
    copy(client, server)
  end

  defp copy(from, to) do
    case :gen_tcp.recv(from, 0) do
      {:ok, bytes} ->
        :gen_tcp.send(to, bytes)
        copy(from, to)

      {:error, _closed} ->
        :gen_tcp.shutdown(to, :write)
    end
  end
end
