defmodule Cantilever.Kit.CallingTest do
  use ExUnit.Case, async: true

  alias Cantilever.KitNif

  # A value of each type, and terms that are none.
  @values %{
    i64: {[0, -1, 9_223_372_036_854_775_807, -9_223_372_036_854_775_808], [:a, 1.0, 1 * 2 ** 63]},
    u8: {[0, 255], [256, -1, "1", 1.0]},
    f64: {[0.0, -1.5, 1.0e308], [:a, "1.0", [], 2 ** 64]},
    bool: {[true, false], [nil, 1, "true"]},
    atom: {[:a, nil, Enum], ["a", 1]},
    string: {["", "Ærøskøbing", String.duplicate("long", 1000)], [:a, <<255>>, 'list', <<1::3>>]},
    big: {[0, -1, 2 ** 64, -(2 ** 200), 2 ** 4000], [:a, 1.5, "1"]},
    shared: {["", "small", :binary.copy("large", 1000), <<255, 0>>], [:a, <<1::3>>, ["iolist"]]},
    option: {[nil, 1, -1], [:a, 1.5, "1"]},
    list: {[[], [1, 2, 3], Enum.to_list(1..5000)], [:a, [1 | 2], [1, :b], %{}]},
    tuple: {[{1, "a"}], [{1}, {1, 2}, {1, "a", 2}, [1, "a"]]},
    map: {[%{}, %{"a" => 1}], [[], %{a: 1}, %{"a" => "b"}]}
  }

  # What no function of one argument may trip over.
  defp hostile_terms do
    {port, reference} = {hd(Port.list()), make_ref()}

    [
      nil,
      :"an atom with ünïcode",
      -1,
      2 ** 100_000,
      1.0e-300,
      "text",
      <<1::1>>,
      :binary.copy(<<255>>, 100_000),
      [],
      [1 | 2],
      [[[[[]]]]],
      Enum.to_list(1..100_000),
      {},
      List.to_tuple(Enum.to_list(1..100_000)),
      %{},
      Map.new(1..10_000, &{&1, &1}),
      %{1 => %{2 => %{3 => %{4 => 5}}}},
      %URI{},
      self(),
      port,
      reference,
      &hostile_terms/0,
      fn a -> a end,
      KitNif.other_new()
    ]
  end

  for {type, {good, bad}} <- @values do
    describe "#{type}" do
      test "comes back as it went in, Normal and Yielding alike" do
        for value <- unquote(Macro.escape(good)) do
          assert KitNif.unquote(:"take_#{type}")(value) === value
          assert KitNif.unquote(:"yield_#{type}")(value, 0) === value
          assert KitNif.unquote(:"yield_#{type}")(value, 5000) === value
          assert KitNif.EveryCheckpoint.unquote(:"yield_#{type}")(value, 20) === value
        end
      end

      test "of another kind is an ArgumentError that names the argument" do
        for value <- unquote(Macro.escape(bad)) do
          normal = catch_error(KitNif.unquote(:"take_#{type}")(value))
          yielding = catch_error(KitNif.unquote(:"yield_#{type}")(value, 1))
          assert %ArgumentError{} = normal
          assert %ArgumentError{} = yielding

          if value != [1 | 2] do
            assert normal.message =~
                     "Cantilever.KitNif.take_#{unquote(type)}/1: argument 1 (value) must be"

            assert yielding.message =~
                     "Cantilever.KitNif.yield_#{unquote(type)}/2: argument 1 (value) must be"
          end
        end
      end
    end
  end

  describe "an argument error" do
    test "says what was wanted and what came" do
      assert_raise ArgumentError,
                   "Cantilever.KitNif.take_u8/1: argument 1 (value) must be an integer from 0 to 255, got: 256",
                   fn -> KitNif.take_u8(256) end

      assert_raise ArgumentError,
                   ~s|Cantilever.KitNif.yield_i64/2: argument 2 (n) must be an integer from 0 to 4294967295, got: "3"|,
                   fn -> KitNif.yield_i64(1, "3") end
    end

    test "shows no more of a huge term than its start" do
      for term <- hostile_terms() do
        %ArgumentError{message: message} = catch_error(KitNif.take_bool(term))
        assert byte_size(message) < 700
        assert String.valid?(message)
      end

      %{message: message} =
        catch_error(KitNif.take_i64([1, {:a, "b"}, %{c: 1.5}, nil, self(), 6]))

      assert message =~ ~s|got: [1, {:a, "b"}, %{:c => 1.5}, nil, #PID<|
      assert message =~ ", ...]"
    end
  end

  describe "every function of one argument" do
    test "raises or returns, whatever it is given" do
      for {name, 1} <- KitNif.Stubs.functions(),
          name not in [:sleep_ms, :yield_forever_then_panic_in_drop],
          module <- [KitNif, KitNif.EveryCheckpoint],
          term <- hostile_terms() do
        # What some of them do with a good argument is not the matter here: spinning for ever, for one.
        unless String.starts_with?(Atom.to_string(name), [
                 "spin",
                 "endless",
                 "panic_thread",
                 "slot"
               ]) and
                 (is_pid(term) or is_binary(term)) do
          try do
            apply(module, name, [term])
          rescue
            error in [ArgumentError, Cantilever.NativePanic, ErlangError] -> error
          end
        end
      end

      assert KitNif.take_nothing()
    end
  end

  describe "what came instead of an argument" do
    test "is told in few words, however much it is" do
      atom = String.to_atom(String.duplicate("å", 255))
      large = Enum.reduce(1..6, atom, fn _, term -> List.duplicate(term, 6) end)
      error = assert_raise ArgumentError, fn -> KitNif.take_i64(large) end
      assert error.message =~ "argument 1 (value) must be an integer"
      assert byte_size(error.message) < 4_000
    end
  end

  describe "a function" do
    test "may take terms, an environment and a token that is no argument" do
      assert KitNif.take_term({:any, [1]}) == {{:any, [1]}, false}
      assert KitNif.take_binary("bytes") == "bytes"
      assert KitNif.take_str("å") == 2
      assert KitNif.yield_token(3) == false
      assert KitNif.dirty_token() == false
    end

    test "may have another name in Elixir" do
      assert KitNif.renamed?()
    end

    test "may return a binary that it made" do
      assert KitNif.owned_binary(3) == "xxx"
      assert KitNif.binary_result(6) == {:ok, "xxx"}
      assert KitNif.yield_binary_result(6, 5) == {:ok, "xxx"}
      assert KitNif.binary_result(3) == {:error, {:odd_number, "3 is odd"}}
    end

    test "runs where its schedule says" do
      assert KitNif.kind_normal() == "normal"
      assert KitNif.kind_dirty_cpu() == "dirty_cpu"
      assert KitNif.kind_dirty_io() == "dirty_io"
      assert KitNif.kind_yielding(0) == {"normal", "normal"}
      assert KitNif.EveryCheckpoint.kind_yielding(10) == {"normal", "normal"}
      assert KitNif.kind_parallel() == "unmanaged"
    end

    test "of plain rustler works beside" do
      assert KitNif.rustler_add(1, 2) == 3
      assert KitNif.rustler_dirty_add(1, 2) == 3
      assert_raise ArgumentError, fn -> KitNif.rustler_add(:a, 2) end
    end
  end

  describe "results" do
    test "are the same before the first checkpoint and after the thousandth" do
      for number <- [0, 1, 2, 101] do
        expected = KitNif.half(number)
        assert KitNif.yield_half(number, 0) == expected
        assert KitNif.yield_half(number, 1000) == expected
        assert KitNif.EveryCheckpoint.yield_half(number, 1000) == expected
      end

      assert KitNif.half(2) == {:ok, 1}
      assert KitNif.half(1) == {:error, {:odd_number, "1 is odd"}}
      assert KitNif.half(101) == {:error, {:too_large, "101 is above 100"}}
      assert KitNif.half(0) == {:error, {:zero, "zero"}}
    end

    test "may hold an error of Rust's own" do
      assert KitNif.file_size(__ENV__.file) == {:ok, File.stat!(__ENV__.file).size}
      assert {:error, {:unreadable, "cannot be read: " <> _}} = KitNif.file_size("no such file")
    end

    test "of rustler's Error are, too" do
      for kind <- ["ok", "badarg", "atom", "raise", "raise_term", "term"] do
        expected = outcome(fn -> KitNif.rustler_error(kind) end)
        assert outcome(fn -> KitNif.yield_rustler_error(kind, 0) end) == expected

        assert outcome(fn -> KitNif.EveryCheckpoint.yield_rustler_error(kind, 1000) end) ==
                 expected
      end
    end

    defp outcome(fun) do
      fun.()
    catch
      kind, reason -> {kind, reason}
    end
  end

  describe "load data" do
    test "reaches the library's own load function" do
      assert KitNif.seen_load_data() == 42
    end
  end
end
