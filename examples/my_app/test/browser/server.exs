# The server of the browser tests, which they start, command and stop: MyApp with a folder and a port of their own.
#
#     mix run --no-start test/browser/server.exs DIR PORT
#
# It tells its port as "listening PORT", and takes a command a line, each of which it answers with "done COMMAND":
#
#     kill room ID      the room crashes
#     stop              the server stops cleanly; so does the end of the input

alias Cantilever.Chat.Room

[dir, port] = System.argv()
Application.put_env(:my_app, :data_dir, dir)
Application.put_env(:my_app, :port, String.to_integer(port))
{:ok, _started} = Application.ensure_all_started(:my_app)
IO.puts("listening #{Cantilever.WebServer.port(MyApp.WebServer)}")

obey = fn
  "kill room " <> id ->
    room = GenServer.whereis(Room.via(MyApp.Chat, id))
    monitor = Process.monitor(room)
    Process.exit(room, :kill)
    receive do: ({:DOWN, ^monitor, :process, ^room, _reason} -> :ok)

  "stop" ->
    System.stop(0)
end

:stdio
|> IO.stream(:line)
|> Stream.map(&String.trim/1)
|> Enum.each(fn command ->
  obey.(command)
  IO.puts("done #{command}")
end)

System.stop(0)
Process.sleep(:infinity)
