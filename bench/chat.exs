# The chat without sockets: how many connections a node carries, how fast it delivers and stores, what a crash costs, and what
# others notice of native work next door.

Code.require_file("support/bench.exs", __DIR__)

for part <- ~w(population bare_processes scale fan_out storing quiet crashes durability soak),
    do: Code.require_file("chat/#{part}.exs", __DIR__)

alias Cantilever.Bench
alias Cantilever.Bench.Chat

# Crashes are what some parts are about.
Logger.configure(level: :emergency)

parts = [Chat.Scale, Chat.FanOut, Chat.Storing, Chat.Quiet, Chat.Crashes, Chat.Durability]

measure = fn options ->
  {results, goals} =
    parts
    |> Enum.map(fn part ->
      IO.puts(:stderr, "chat: #{part |> Module.split() |> List.last() |> Macro.underscore()}")
      {results, goals} = part.run(options.quick)
      # A bench of a quarter of an hour may be stopped.
      IO.puts(:stderr, Bench.table(%{machine: [], results: results, goals: goals}))
      {results, goals}
    end)
    |> Enum.unzip()

  {Enum.concat(results), Enum.concat(goals)}
end

Bench.main(
  "chat",
  &if(&1[:soak], do: Chat.Soak.run(&1.soak), else: measure.(&1)),
  &Bench.table/1,
  soak: :float
)
