defmodule Cantilever.JSON.Tool.CommandLineTest do
  use ExUnit.Case, async: true

  alias Cantilever.JSON.Tool.CommandLine

  describe "parse/1" do
    test "reads what is to be done" do
      assert {:ok,
              %CommandLine{files: ["a"], mode: :print, pretty: true, lines?: false, output: nil}} =
               CommandLine.parse(["a"])

      assert {:ok, %CommandLine{files: ["-", "b"], mode: :check, lines?: true}} =
               CommandLine.parse(~w(- b --check --lines))

      assert {:ok, %CommandLine{files: ["a"], pretty: false, output: "b"}} =
               CommandLine.parse(~w(a --compact -o b))

      assert {:ok, %CommandLine{files: ["--time"], mode: :time}} =
               CommandLine.parse(~w(--time -- --time))
    end

    test "says what is wrong" do
      for {argv, message} <- [
            {[], "FILE is missing"},
            {~w(a --check --time), "--check and --time exclude each other"},
            {~w(a --time --lines), "leave --lines out"},
            {~w(a --output), "--output needs a value: --output FILE"},
            {~w(a -o), "--output needs a value: --output FILE"},
            {["a", "--output", ""], "--output is empty"},
            {~w(a b -o c), "--output takes one FILE, got 2"},
            {~w(a -o c --check), "leave --check out"},
            {~w(a --compact --time), "leave it or --time out"},
            {~w(- -), "standard input can be read once"},
            {~w(a --check=maybe), "--check takes no value, but got \"maybe\""},
            {~w(a -x), "unknown option -x"}
          ] do
        assert {:error, error} = CommandLine.parse(argv)
        assert error =~ message
      end
    end
  end
end
