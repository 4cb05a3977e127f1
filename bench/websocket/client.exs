Code.require_file("../support/cargo.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.Client do
  @moduledoc """
  The program that is thousands of clients, in `bench/websocket/client`.

      program = Cantilever.Bench.WebSocket.Client.build!()

      Cantilever.Bench.WebSocket.Client.run(program, server, [clients: 1_000, rooms: 10], fn client, joined ->
        joined["per_s"]
        Cantilever.Bench.WebSocket.Client.command(client, "ping closed 5")["per_s"]
      end)

  It ends at whatever is lost, doubled, out of order or refused, and then so does the bench.
  """

  alias Cantilever.Bench.WebSocket.Node
  alias Cantilever.JSON

  @crate Path.expand("client", __DIR__)
  # So many connect at a time.
  @at_once 200

  @enforce_keys [:port, :server]
  defstruct @enforce_keys

  @type t :: %__MODULE__{port: port, server: Node.t()}
  @typedoc """
  What the program says after a command, and of how many cores it and the server had the use, as `"client_cores"` and `"server_cores"`. Where that is fewer
  than there are, something else had the rest.
  """
  @type figures :: %{String.t() => number}

  @doc "Builds the program and gives its path."
  @spec build!() :: Path.t()
  def build!, do: Cantilever.Bench.Cargo.build!(@crate, "websocket_client")

  @doc """
  The result of `fun`, which gets the program when all clients have joined, and how that went. The clients of a room are those whose numbers have the
  same remainder; each is a user of its own.
  """
  @spec run(Path.t(), Node.t(), [{:clients | :rooms, pos_integer}], (t, figures -> result)) ::
          result
        when result: term
  def run(program, server, size, fun) do
    tokens = Path.join(System.tmp_dir!(), "cantilever-bench-tokens-#{System.pid()}")
    File.write!(tokens, for(number <- 1..size[:clients], do: [Node.token(server, number), ?\n]))

    try do
      arguments = ["#{server.port}", tokens, "#{size[:rooms]}", "#{@at_once}"]

      port =
        Port.open({:spawn_executable, program}, [
          :binary,
          :exit_status,
          line: 4_096,
          args: arguments
        ])

      client = %__MODULE__{port: port, server: server}
      result = fun.(client, answer(client, "connect"))
      quit(port)
      result
    after
      File.rm!(tokens)
    end
  end

  @doc "Has the program carry out a command, which its main.rs lists."
  @spec command(t, String.t()) :: figures
  def command(client, command) do
    Port.command(client.port, [command, ?\n])
    answer(client, command)
  end

  # It has a patience of its own.
  defp answer(%{port: port, server: server}, command) do
    {begun_ms, busy_ms} = {now_ms(), Node.busy_ms(server)}

    receive do
      {^port, {:data, {:eol, line}}} ->
        cores = (Node.busy_ms(server) - busy_ms) / max(now_ms() - begun_ms, 1)
        line |> JSON.decode!() |> Map.put("server_cores", cores)

      {^port, {:exit_status, status}} ->
        raise "#{command}: the clients ended with status #{status}, see above"
    end
  end

  # Before the server ends, which would be an error.
  defp quit(port) do
    Port.command(port, "quit\n")

    receive do
      {^port, {:exit_status, 0}} ->
        :ok

      {^port, {:exit_status, status}} ->
        raise "quit: the clients ended with status #{status}, see above"
    end
  end

  defp now_ms, do: System.monotonic_time(:millisecond)

  @doc "So many clients, or fewer: both they and the server have a limit of open files."
  @spec at_most(pos_integer) :: pos_integer
  def at_most(wanted) do
    [_line, hard] =
      Regex.run(~r/^Max open files +\S+ +(\d+|unlimited)/m, File.read!("/proc/self/limits"))

    # A twentieth is for other files.
    if hard == "unlimited", do: wanted, else: min(wanted, div(String.to_integer(hard) * 19, 20))
  end
end
