defmodule Cantilever.Kit.FuzzingTest do
  use ExUnit.Case, async: true

  alias Cantilever.ArgumentModel
  alias Cantilever.KitNif
  alias Cantilever.TermGenerator

  @modules [KitNif, KitNif.EveryCheckpoint]
  @cases_of_function 100

  setup_all do
    {:ok, handles: ArgumentModel.handles(@modules)}
  end

  for {name, parameters} <- ArgumentModel.functions() do
    describe "#{name}/#{length(parameters)}" do
      test "gives what the model says, or an ArgumentError that names the argument", %{
        handles: handles
      } do
        for module <- @modules,
            function_exported?(module, unquote(name), unquote(length(parameters))) do
          fuzz(module, unquote(name), unquote(parameters), handles)
        end
      end
    end
  end

  describe "the model" do
    test "knows every function that takes arguments" do
      known = for {name, parameters} <- ArgumentModel.functions(), do: {name, length(parameters)}

      unknown =
        for {name, arity} <- KitNif.Stubs.functions(),
            arity > 0,
            name not in ArgumentModel.left_out(),
            {name, arity} not in known,
            do: {name, arity}

      assert unknown == [],
             "add what these take and give to test/support/argument_model.ex: #{inspect(unknown)}"
    end

    test "sees a wrong value, a wrong exception and a message that names no argument", %{
      handles: handles
    } do
      defmodule Wrong do
        def take_i64(value), do: value + 1
        def take_u8(_value), do: raise(ArgumentError, "no")
        def take_bool(_value), do: raise("no")
        def take_atom(value), do: value
      end

      assert ArgumentModel.check(Wrong, :take_i64, [1], handles) =~ "but gave {:value, 2}"
      assert ArgumentModel.check(Wrong, :take_u8, [256], handles) =~ "does not begin with"
      assert ArgumentModel.check(Wrong, :take_bool, [1], handles) =~ "RuntimeError"
      assert ArgumentModel.check(Wrong, :take_atom, ["a"], handles) =~ "was to give {:bad, 1}"
      assert ArgumentModel.check(Wrong, :take_atom, [:a], handles) == nil
    end
  end

  describe "the generator" do
    test "gives the same terms for the same seed" do
      terms = fn seed ->
        TermGenerator.seed(seed)

        for _term <- 1..200,
            do:
              Regex.replace(
                ~r/#(Reference|Port)<.*?>/,
                inspect(TermGenerator.term(), limit: 1_000),
                ""
              )
      end

      assert terms.(7) == terms.(7)
      assert terms.(7) != terms.(8)
    end

    test "makes terms of every kind" do
      kinds = [
        &is_integer/1,
        &is_float/1,
        &is_atom/1,
        &is_binary/1,
        &(is_bitstring(&1) and not is_binary(&1)),
        &(is_list(&1) and List.improper?(&1)),
        &(is_list(&1) and not List.improper?(&1)),
        &is_tuple/1,
        &is_map/1,
        &is_struct/1,
        &is_function/1,
        &(is_pid(&1) and node(&1) == node()),
        &(is_pid(&1) and node(&1) != node()),
        &is_port/1,
        &is_reference/1
      ]

      terms = for _term <- 1..3_000, do: TermGenerator.term()
      for kind <- kinds, do: assert(Enum.any?(terms, kind), inspect(kind))
    end

    test "finds the part on which a failure turns" do
      term = [1, {:a, "text", %{"key" => [2, 3, 700]}}, "rest"]
      assert TermGenerator.minimal(term, &(inspect(&1) =~ "key")) == [{%{"key" => []}}]
    end
  end

  defp fuzz(module, name, parameters, handles) do
    seed = :erlang.phash2({ExUnit.configuration()[:seed], module, name})
    TermGenerator.seed(seed)

    for _case <- 1..@cases_of_function do
      arguments = ArgumentModel.arguments(parameters, handles)

      if ArgumentModel.check(module, name, arguments, handles) do
        # Neither the number of the arguments nor their order may change.
        fails? =
          &(is_list(&1) and length(&1) == length(arguments) and
              ArgumentModel.check(module, name, &1, handles) != nil)

        least = TermGenerator.minimal(arguments, fails?)

        flunk("""
        #{inspect(module)}.#{name} #{ArgumentModel.check(module, name, least, handles)}
        with the arguments #{inspect(least, limit: 20, printable_limit: 200)}
        (seed #{seed}; `mix test --seed #{ExUnit.configuration()[:seed]}` repeats it)
        """)
      end
    end
  end
end
