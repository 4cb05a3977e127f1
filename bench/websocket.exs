# The chat over real sockets: what an idle connection takes, how fast messages reach a room, how fast a client is answered, all of that
# beside native work, and what is noticed of attacks. The clients are a program of their own, which shares the machine with the server.

Code.require_file("support/bench.exs", __DIR__)

for part <- ~w(report idle fan_out pings attacks),
    do: Code.require_file("websocket/#{part}.exs", __DIR__)

alias Cantilever.Bench
alias Cantilever.Bench.WebSocket.{Attacks, Client, FanOut, Idle, Pings, Report}

Logger.configure(level: :warning)

measure = fn %{quick: quick?} ->
  program = Client.build!()

  {results, goals} =
    [Idle, FanOut, Pings, Attacks]
    |> Enum.map(fn part ->
      IO.puts(
        :stderr,
        "websocket: #{part |> Module.split() |> List.last() |> Macro.underscore()}"
      )

      {results, goals} = part.run(program, quick?)
      # A bench of several minutes may be stopped.
      IO.puts(:stderr, Report.table(%{machine: [], results: results, goals: goals}))
      {results, goals}
    end)
    |> Enum.unzip()

  {Enum.concat(results), Enum.concat(goals)}
end

if :os.type() == {:unix, :linux},
  do: Bench.main("websocket", measure, &Report.table/1),
  else:
    Bench.main("websocket", fn _options ->
      IO.puts(:stderr, "websocket: only Linux has what the clients need: left out")
      {[], []}
    end)
