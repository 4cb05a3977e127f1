defmodule Mix.Tasks.MyApp.Serve do
  @shortdoc "Serves the page of MyApp"

  @moduledoc """
  Serves the chat and the live panel, until it is stopped.

      $ mix my_app.serve
      MyApp is at http://localhost:4000

  Options: `--port N`, instead of 4000, or 0 for any that is free. SIGTERM stops it cleanly: clients are told, and messages that
  were taken are stored.
  """

  use Mix.Task

  @usage "usage: mix my_app.serve [--port N]"

  @impl Mix.Task
  def run(args) do
    port = port!(args)
    check_client!()
    check_free!(port)
    Application.put_env(:my_app, :port, port, persistent: true)
    Mix.Task.run("app.start")

    port = Cantilever.WebServer.port(MyApp.WebServer)
    Mix.shell().info("MyApp is at http://localhost:#{port}")

    # The node stays when Mix is done; in a shell, the shell goes on.
    System.no_halt(true)
  end

  @doc "The port that the arguments name."
  @spec port!([String.t()]) :: :inet.port_number()
  def port!(args) do
    case OptionParser.parse(args, strict: [port: :integer]) do
      {options, [], []} ->
        port = options[:port] || MyApp.Application.port() || 4000
        if port in 0..65_535, do: port, else: Mix.raise("a port is from 0 to 65535, not #{port}")

      {_options, [argument | _], []} ->
        Mix.raise("unexpected argument: #{argument}\n#{@usage}")

      {_options, _arguments, [{option, _value} | _]} ->
        Mix.raise("unknown or wrong option: #{option}\n#{@usage}")
    end
  end

  @doc "Raises where something else listens at the port already, as the server itself would, less clearly."
  @spec check_free!(:inet.port_number()) :: :ok
  def check_free!(port) do
    case :gen_tcp.listen(port, ip: {127, 0, 0, 1}, reuseaddr: true) do
      {:ok, socket} ->
        :gen_tcp.close(socket)

      {:error, :eaddrinuse} ->
        Mix.raise(
          "port #{port} is taken: stop what listens there, or choose another with --port N"
        )

      {:error, reason} ->
        Mix.raise("port #{port} cannot be had: #{:inet.format_error(reason)}")
    end
  end

  defp check_client! do
    unless File.exists?(Application.app_dir(:my_app, "priv/static/vendor/phoenix.js")) do
      Mix.raise(
        "the page's client is missing: npm --prefix assets ci && npm --prefix assets run build"
      )
    end
  end
end
