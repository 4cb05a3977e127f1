# How fast the kit's JSON is beside the codecs that others offer, how long neighbours wait while it decodes large
# documents, and how much memory that takes.
#
#     bin/bench json --data DIR      with the files twitter.json, canada.json, …; without, documents of their shapes

for file <- ~w(bench calibrate figures markdown progress reload),
    do: Code.require_file("support/#{file}.exs", __DIR__)

Code.require_file("responsiveness/arithmetic.exs", __DIR__)

for file <-
      ~w(codecs corpora throughput comparison floors speed heap collections ways neighbours slicing memory goals
               report) do
  Code.require_file("json/#{file}.exs", __DIR__)
end

alias Cantilever.Bench
alias Cantilever.Bench.JSON.{Codecs, Corpora, Goals, Memory, Neighbours, Report, Slicing, Speed}
alias Cantilever.Bench.Reload

Bench.main(
  "json",
  fn %{quick: quick?} = options ->
    codecs = Codecs.available()
    keys = Enum.map(codecs, & &1.key)
    kit = Enum.find(codecs, &(&1.key == :kit))

    unless :jiffy in keys,
      do: IO.puts("jiffy is not installed here: left out, with the goals against it")

    corpora = if options[:data], do: Corpora.read!(options.data), else: Corpora.made()
    speed = Speed.measure(codecs, Map.put(corpora, "message", Corpora.message()), quick?)
    extra = Corpora.names() -- Corpora.main()
    IO.write([?\n, Report.speed(speed, codecs, Corpora.main(), extra)])

    large = Corpora.repeated(corpora["twitter"], 20_000_000)
    library = if kit, do: Reload.kit!()
    neighbours = Neighbours.measure(codecs, large, library, quick?)
    slicing = if kit, do: Slicing.measure(kit, large, library, quick?)
    IO.write([?\n, Report.neighbours(neighbours), ?\n])

    memory = if Memory.possible?(), do: Memory.measure(codecs, large), else: []
    if memory == [], do: IO.puts("memory is not measured here: it takes Linux's /proc")
    if memory != [], do: IO.write([Report.memory(memory, byte_size(large)), ?\n])

    goals =
      Goals.of_speed(speed, Corpora.main(), keys) ++
        Goals.of_neighbours(neighbours) ++
        if(slicing, do: Goals.of_slicing(slicing), else: []) ++ Goals.of_memory(memory)

    {Report.results(speed, neighbours, slicing, memory), goals}
  end,
  &Bench.goals_table/1,
  data: :string
)
