defmodule Mix.Tasks.Cantilever.DoctorTest do
  # Mix's shell is one for all, and what holds a scheduler would disturb other tests.
  use ExUnit.Case, async: false

  import ExUnit.CaptureIO
  import ExUnit.CaptureLog

  alias Cantilever.NativeProject

  @moduletag :tmp_dir

  # Short, as the verdict is not what is tested here.
  @quick ~w(--duration 100 --rounds 2 --concurrency 2)

  # Long enough for a verdict that no noise turns round.
  @sure ~w(--duration 400 --rounds 2)

  setup do
    Mix.shell(Mix.Shell.Process)
    on_exit(fn -> Mix.shell(Mix.Shell.IO) end)
  end

  # Apart from the progress.
  defp run(argv) do
    progress = capture_io(:stderr, fn -> send(self(), {:outcome, outcome(argv)}) end)
    assert_received {:outcome, outcome}
    {outcome, progress}
  end

  defp outcome(argv) do
    Mix.Task.rerun("cantilever.doctor", argv)
  catch
    :exit, {:shutdown, status} -> status
  end

  defp said(kind) do
    receive do
      {:mix_shell, ^kind, [text]} -> [text | said(kind)]
    after
      0 -> []
    end
  end

  describe "run/1" do
    test "shows the first call, the progress, the figures and the verdict" do
      assert {outcome, progress} = run(["Enum.sum(list)", "--before", "list = [1, 2]" | @quick])

      # A machine that is busy with other things may fail anything in so short a time, but not leave it unmeasured.
      assert outcome in [:ok, 1]
      assert progress =~ ~r/\Around 1 of 2, \d+ s left\nround 2 of 2, \d+ s left\n\z/
      assert [first, summary] = said(:info)
      assert first =~ ~r/^one call took .* and returned 3$/
      assert summary =~ ~r/p99 .* (µs|ms)/
      assert summary =~ ~r/\n(fine|fails):/
      assert said(:error) == []
    end

    test "fails a call that holds a scheduler" do
      assert {1, _progress} = run(["Cantilever.KitNif.hold_ms(10)" | @sure])
      assert [_first, summary] = said(:info)
      assert summary =~ ~r/\nfails:\n  \* .*holds a scheduler for /
    end

    test "writes the page", %{tmp_dir: dir} do
      path = Path.join(dir, "out/page.html")
      assert {_outcome, _progress} = run(["String.length(\"<b>\")", "--html", path | @quick])
      assert List.last(said(:info)) == "\nsee #{path}"
      assert File.read!(path) =~ "String.length(&quot;&lt;b&gt;&quot;)"
      assert File.ls!(Path.dirname(path)) == ["page.html"]
    end

    test "says in a line what cannot be measured, with status 2", %{tmp_dir: dir} do
      File.write!(Path.join(dir, "file"), "")

      for {argv, message} <- [
            {[], "EXPR is missing; usage: mix cantilever.doctor EXPR"},
            {["1", "--colour", "red"], "unknown option --colour; usage: "},
            {["1 +"], "the expression is no Elixir: "},
            {["nope()"], "the expression cannot be compiled: undefined function nope/0"},
            {["Nope.nope()"],
             "the expression raises UndefinedFunctionError: function Nope.nope/0 is undefined"},
            {["raise \"boom\""], "the expression raises RuntimeError: boom"},
            {["1", "--before", "raise \"boom\""], "--before raises RuntimeError: boom"},
            {["1", "--html", Path.join(dir, "file/page.html")],
             "file/page.html cannot be written: a file is where a folder should be"}
          ] do
        assert {2, _progress} = run(argv)
        assert [line] = said(:error)
        assert line =~ "mix cantilever.doctor: "
        assert line =~ message
        refute line =~ "\n"
      end
    end

    test "says what went wrong in a later call" do
      before = "counter = :counters.new(1, [])"

      expression =
        "if :counters.get(counter, 1) > 9, do: raise(\"boom\"), else: :counters.add(counter, 1, 1)"

      assert {2, _progress} = run([expression, "--before", before | @quick])
      assert [line] = said(:error)
      assert line == "mix cantilever.doctor: a call that was measured raises RuntimeError: boom"
    end

    test "says so when a call does not end in time, the first as well as a later one" do
      before = "counter = :counters.new(1, [])"

      for endless <- [0, 9] do
        expression =
          "if :counters.get(counter, 1) >= #{endless}, do: receive(do: (:never -> :ok)), else: :counters.add(counter, 1, 1)"

        assert {2, _progress} = run([expression, "--before", before, "--timeout", "200" | @quick])

        assert said(:error) == ["mix cantilever.doctor: the call did not end within 200 ms"]
      end
    end

    test "says so too of a call that holds a scheduler, without waiting for its end" do
      assert {2, _progress} =
               run(["Cantilever.KitNif.hold_ms(3_000)", "--timeout", "200" | @quick])

      assert said(:info) == []
      assert said(:error) == ["mix cantilever.doctor: the call did not end within 200 ms"]
    end

    test "says so when the VM's reports of holds went elsewhere" do
      assert {2, _progress} = run([":erlang.system_monitor(:undefined)" | @quick])
      assert [line] = said(:error)
      assert line =~ "mix cantilever.doctor: somebody has set the VM's system monitor"
    end

    test "outlives what was started before, and linked, and crashes in a call" do
      before = "{:ok, agent} = Agent.start_link(fn -> 0 end)"

      for {expression, message} <- [
            {"Agent.get(agent, fn _ -> exit(:boom) end)", "the expression exits: "},
            {"Agent.get_and_update(agent, fn calls -> if calls > 9, do: exit(:boom), else: {calls, calls + 1} end)",
             "a call that was measured exits: "}
          ] do
        capture_log(fn ->
          assert {2, _progress} = run([expression, "--before", before | @quick])
        end)

        assert [line] = said(:error)
        assert line =~ "mix cantilever.doctor: #{message}"
        assert Process.info(self(), :trap_exit) == {:trap_exit, false}
      end
    end
  end

  describe "in a project" do
    setup %{tmp_dir: dir} do
      NativeProject.write(dir, "mix.exs", """
      defmodule MyApp.MixProject do
        use Mix.Project
        def project, do: [app: :my_app, version: "0.1.0", prune_code_paths: false]
        def application, do: []
      end
      """)

      NativeProject.write(
        dir,
        "lib/my_app.ex",
        "defmodule MyApp do\n  def sum(n), do: Enum.sum(1..n)\nend\n"
      )
    end

    test "ends with the status that says how it went", %{tmp_dir: dir} do
      assert {output, 1} =
               NativeProject.mix(dir, [
                 "cantilever.doctor",
                 "Cantilever.KitNif.hold_ms(10)" | @sure
               ])

      assert output =~ "fails:"

      assert {output, status} =
               NativeProject.mix(dir, ["cantilever.doctor", "MyApp.sum(10)" | @quick])

      assert status == if(output =~ "\nfine:", do: 0, else: 1)
      assert output =~ "and returned 55\n"

      assert {output, 2} = NativeProject.mix(dir, ["cantilever.doctor", "MyApp.product(10)"])

      assert output =~
               "mix cantilever.doctor: the expression raises UndefinedFunctionError: function MyApp.product/1 is undefined"
    end

    test "does not take an application that does not start for a call that fails", %{tmp_dir: dir} do
      NativeProject.write(dir, "lib/my_app.ex", "defmodule MyApp do\n  nonsense\nend\n")
      assert {output, 2} = NativeProject.mix(dir, ["cantilever.doctor", "1"])
      assert output =~ "mix cantilever.doctor: the application does not start"
    end

    test "is explained by mix help", %{tmp_dir: dir} do
      assert {output, 0} = NativeProject.mix(dir, ["help", "cantilever.doctor"])
      for text <- ["--max-p99-ratio", "Exit status", "--before"], do: assert(output =~ text)
    end
  end
end
