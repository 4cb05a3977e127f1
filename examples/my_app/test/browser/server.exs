# The server of the browser tests, which they start, command and stop: MyApp with a folder and a port of their own.
#
#     mix run --no-start test/browser/server.exs DIR PORT
#
# It tells its port as "listening PORT", and takes a command a line, which it answers with "done COMMAND":
#
#     kill room ID      the room crashes
#
# SIGTERM stops it cleanly; so does the end of the input, as when the tests have died.

defmodule MyApp.BrowserTestServer do
  alias Cantilever.Chat.Room

  def run([dir, port]) do
    Application.put_env(:my_app, :data_dir, dir)
    Application.put_env(:my_app, :port, String.to_integer(port))
    {:ok, _started} = Application.ensure_all_started(:my_app)
    IO.puts("listening #{Cantilever.WebServer.port(MyApp.WebServer)}")

    for line <- IO.stream(:stdio, :line) do
      command = String.trim(line)
      obey(command)
      IO.puts("done #{command}")
    end

    System.stop(0)
    Process.sleep(:infinity)
  end

  defp obey("kill room " <> id) do
    room = MyApp.Chat |> Room.via(id) |> GenServer.whereis()
    monitor = Process.monitor(room)
    Process.exit(room, :kill)
    receive do: ({:DOWN, ^monitor, :process, ^room, _reason} -> :ok)
  end
end

MyApp.BrowserTestServer.run(System.argv())
