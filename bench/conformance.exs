# Whether the web server speaks the protocol of WebSockets as the Autobahn test suite does: its client opens a connection for
# each of its cases, and does what a client may do, or may not.
#
#     bin/bench conformance          all cases but those of compression (sections 12 and 13), which the server does not offer
#     bin/bench conformance --quick  without section 9, which sends messages of up to 16 MB

for file <- ~w(support/bench conformance/echo_socket conformance/suite conformance/report),
    do: Code.require_file("#{file}.exs", __DIR__)

alias Cantilever.Bench
alias Cantilever.Bench.Conformance.{EchoSocket, Report, Suite}
alias Cantilever.WebServer

# What section 9 sends, in frames of 64 bytes among others, as fast as it can.
most_bytes = 17_000_000
most_frames = 10_000_000

python =
  System.get_env("AUTOBAHN_PYTHON") ||
    raise "AUTOBAHN_PYTHON does not name the Python of the test suite: bin/bench conformance installs it, and does"

Bench.main(
  "conformance",
  fn %{quick: quick?} ->
    {:ok, server} =
      WebServer.start_link(
        port: 0,
        sockets: %{"/" => {EchoSocket, []}},
        max_frame_bytes: most_bytes,
        max_message_bytes: most_bytes,
        frames_per_s: most_frames,
        frames_burst: most_frames,
        bytes_per_s: most_bytes,
        bytes_burst: most_bytes
      )

    sections = if quick?, do: Report.sections() -- [9], else: Report.sections()

    cases =
      Suite.run!(python, "ws://127.0.0.1:#{WebServer.port()}/", Enum.map(sections, &"#{&1}.*"))

    Supervisor.stop(server)
    IO.write([?\n, Report.table(cases), Report.exceptions(cases), ?\n])
    {Report.results(cases), Report.goals(cases, sections)}
  end,
  &Bench.goals_table/1
)
