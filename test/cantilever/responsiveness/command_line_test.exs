defmodule Cantilever.Responsiveness.CommandLineTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.{CommandLine, Options}

  describe "parse/1" do
    test "takes an expression alone" do
      assert CommandLine.parse(["1 + 1"]) ==
               {:ok, %CommandLine{expression: "1 + 1", before: "", html: nil, measure: []}}
    end

    test "takes all options" do
      argv =
        ~w(--before x=1 --concurrency 8 --duration 500 --rounds 5 --max-hold 2 --max-p99-ratio 4 --timeout 90 --html a.html) ++
          ["f(x)"]

      assert {:ok, command} = CommandLine.parse(argv)
      assert {command.expression, command.before, command.html} == {"f(x)", "x=1", "a.html"}

      assert Enum.sort(command.measure) ==
               [
                 concurrency: 8,
                 duration: 500,
                 max_hold_ms: 2,
                 max_p99_ratio: 4.0,
                 rounds: 5,
                 timeout: 90
               ]
    end

    test "takes an expression that begins with a dash after two of them" do
      assert {:ok, %{expression: "-x", before: "x = 1"}} =
               CommandLine.parse(["--before", "x = 1", "--", "-x"])
    end

    test "names what is wrong" do
      for {argv, message} <- [
            {[], "EXPR is missing; usage: mix cantilever.doctor EXPR [--before CODE]"},
            {["a", "b"], ~s(one EXPR is wanted, got 2: "a", "b"; put it into quotes)},
            {["a", "--colour", "red"],
             "unknown option --colour; usage: mix cantilever.doctor EXPR"},
            {["a", "--rounds"], "--rounds needs a value: --rounds N"},
            {["a", "--rounds", "many"],
             ~s(--rounds cannot be "many", but must be an integer, 1 or more)},
            {["a", "--max-p99-ratio", "x"],
             ~s(--max-p99-ratio cannot be "x", but must be a number, 1 or more)},
            {["a", "--rounds", "0"], "--rounds cannot be 0, but must be an integer, 1 or more"},
            {["a", "--max-hold", "-1"],
             "--max-hold cannot be -1, but must be an integer of milliseconds, 1 or more"},
            {["a", "--max-p99-ratio", "0.5"],
             "--max-p99-ratio cannot be 0.5, but must be a number, 1 or more"},
            {["a", "--concurrency", "1000000"],
             "--concurrency cannot be 1000000, but must be an integer, from 1 to 10000"},
            {["a", "--duration", "5000000000"],
             "--duration cannot be 5000000000, but must be an integer of milliseconds, from 1 to 3600000"},
            {["a", "--timeout", "infinity"],
             ~s(--timeout cannot be "infinity", but must be an integer of milliseconds, from 1 to 86400000)},
            {["a", "--html", ""], "--html is empty, but must name a file"}
          ] do
        assert {:error, text} = CommandLine.parse(argv)
        assert text =~ message
        refute text =~ "\n"
      end
    end
  end

  describe "docs/0 and usage/0" do
    test "know every option" do
      for option <-
            ~w(--before --concurrency --duration --rounds --max-hold --max-p99-ratio --timeout --html) do
        assert CommandLine.docs() =~ "  * `#{option} "
        assert CommandLine.usage() =~ "[#{option} "
      end
    end

    test "say of those that a measurement has what its options say" do
      for {switch, option} <- [
            {"--concurrency N", :concurrency},
            {"--duration MS", :duration},
            {"--rounds N", :rounds},
            {"--max-hold MS", :max_hold_ms},
            {"--max-p99-ratio R", :max_p99_ratio},
            {"--timeout MS", :timeout}
          ] do
        assert CommandLine.docs() =~
                 "  * `#{switch}` - #{Options.doc(option)}: #{Options.shape(option, :words)}; " <>
                   "default: `#{Options.default(option)}`"
      end
    end
  end
end
