defmodule Cantilever.Responsiveness.ExpressionTest do
  # Older versions of Elixir write warnings of the compiler to standard error, which is one for all.
  use ExUnit.Case, async: false

  import ExUnit.CaptureIO

  alias Cantilever.Responsiveness.Expression

  defp error(code, before \\ "") do
    capture_io(:stderr, fn -> send(self(), Expression.compile(code, before)) end)
    assert_received {:error, message}
    refute message =~ "\n"
    message
  end

  describe "compile/2" do
    test "gives a function that is compiled" do
      assert {:ok, fun} =
               Expression.compile("self() |> Process.info(:current_stacktrace) |> elem(1)", "")

      [_process_info, {module, _name, 0, _where} | _callers] = fun.()
      assert inspect(module) =~ "Cantilever.Responsiveness.Expression.Compiled"
    end

    test "evaluates what comes before once, with variables, aliases, imports and requires" do
      before = """
      send(self(), :evaluated)
      alias String, as: S
      import Enum, only: [sum: 1]
      require Integer
      list = [1, 2, 3]
      unused = :unused
      """

      assert {:ok, fun} =
               Expression.compile("{sum(list), S.length(\"ab\"), Integer.is_odd(3)}", before)

      assert {fun.(), fun.()} == {{6, 2, true}, {6, 2, true}}
      assert_received :evaluated
      refute_received :evaluated
    end

    test "keeps large terms as they are" do
      assert {:ok, fun} = Expression.compile("reference", "reference = make_ref()")
      assert is_reference(fun.())
      assert fun.() == fun.()
    end

    test "lets an expression bind variables of its own" do
      assert {:ok, fun} = Expression.compile("x = x + 1; x * 2", "x = 1")
      assert fun.() == 4
    end

    test "says in a line what does not compile" do
      assert error("") == "the expression is empty"
      assert error("1 +") =~ ~r/^the expression is no Elixir: .* \(line 1, column \d\)$/

      assert error("f(") =~
               ~r/^the expression is no Elixir: missing terminator: \).* \(line 1, column 3\)$/

      assert error(<<255>>) == "the expression is not UTF-8"
      assert error("nope(1)") == "the expression cannot be compiled: undefined function nope/1"

      assert error("%Nope{}") =~
               "the expression cannot be compiled: Nope.__struct__/1 is undefined"

      assert error("~D[nope]") =~
               "the expression cannot be compiled: cannot parse \"nope\" as Date"
    end

    test "says in a line what goes wrong before" do
      assert error("1", "f(") =~ "--before is no Elixir: "
      assert error("1", "raise \"a\\nb\"") == "--before raises RuntimeError: a b"
      assert error("1", "raise <<97, 255>>") == ~S(--before raises RuntimeError: "a\xFF")
      assert error("1", "throw(:x)") == "--before throws :x"
      assert error("1", "exit(:bye)") == "--before exits: :bye"
      assert error("1", "y = nope") =~ "--before raises CompileError: "
    end
  end

  describe "line/1" do
    test "leaves nothing that a terminal would obey" do
      assert Expression.line(" a\n\t b\e[31m\a ") == "a b?[31m?"
    end

    test "shows what is not UTF-8 as Elixir writes it" do
      assert Expression.line("é\n" <> <<255>>) == ~S("é\n\xFF")
    end
  end
end
