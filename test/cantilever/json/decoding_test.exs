defmodule Cantilever.JSON.DecodingTest do
  use ExUnit.Case, async: true

  alias Cantilever.{JSON, JSONDocuments}
  alias Cantilever.JSON.{DecodeError, OrderedObject}

  doctest Cantilever.JSON.DecodeError

  # Documents that RFC 8259 allows, and what they are.
  @valid [
    {"null", nil},
    {" \t\r\n true \n", true},
    {"false", false},
    {"0", 0},
    {"-0", 0},
    {"-0.0", -0.0},
    {"1E+2", 100.0},
    {"1e-2", 0.01},
    {"0.1", 0.1},
    {"1.7976931348623157e308", 1.7976931348623157e308},
    {"5e-324", 5.0e-324},
    {"1e-400", 0.0},
    {"9223372036854775807", 9_223_372_036_854_775_807},
    {"-9223372036854775808", -9_223_372_036_854_775_808},
    {"9223372036854775808", 9_223_372_036_854_775_808},
    {"-1267650600228229401496703205376", -1_267_650_600_228_229_401_496_703_205_376},
    {"[]", []},
    {"{}", %{}},
    {~S(""), ""},
    {~S("\"\\\/\b\f\n\r\t"), "\"\\/\b\f\n\r\t"},
    {~S("\u0000\u00e9\uD834\uDD1E"), "\0é𝄞"},
    {~S("\u007F"), "\x7F"},
    {"\"\u2028\u2029\x7F\"", "\u2028\u2029\x7F"},
    {~S({"":{"":[[],{}]}}), %{"" => %{"" => [[], %{}]}}},
    {~S({"a":1,"b":2,"a":3}), %{"a" => 3, "b" => 2}}
  ]

  # What is no document, and the byte at which that shows.
  @invalid [
    {"", 0, :unexpected},
    {"   ", 3, :unexpected},
    {"\uFEFF1", 0, :byte_order_mark},
    {"[1,]", 3, :unexpected},
    {"[,1]", 1, :unexpected},
    {"[1", 2, :unexpected},
    {"[1 true]", 3, :unexpected},
    {"{\"a\":1,}", 7, :unexpected},
    {"{\"a\",1}", 4, :unexpected},
    {"{a:1}", 1, :unexpected},
    {"{'a':1}", 1, :unexpected},
    {"1 2", 2, :unexpected},
    {"[]]", 2, :unexpected},
    {"1\0", 1, :unexpected},
    {"[\v1]", 1, :unexpected},
    {"[\u00A01]", 1, :unexpected},
    {"tru", 3, :unexpected},
    {"True", 0, :unexpected},
    {"nulL", 3, :unexpected},
    {"NaN", 0, :unexpected},
    {"Infinity", 0, :unexpected},
    {"-Infinity", 1, :invalid_number},
    {"+1", 0, :unexpected},
    {".5", 0, :unexpected},
    {"01", 1, :invalid_number},
    {"-01", 2, :invalid_number},
    {"1.", 2, :unexpected},
    {"1.e1", 2, :invalid_number},
    {"1e", 2, :unexpected},
    {"1e+x", 3, :invalid_number},
    {"0x10", 1, :unexpected},
    {"1e400", 0, :float_out_of_range},
    {"[-1e99999]", 1, :float_out_of_range},
    {"\"a", 2, :unexpected},
    {"\"\t\"", 1, :control_character},
    {"\"\0\"", 1, :control_character},
    {~S("\x"), 1, :invalid_escape},
    {~S(["\u12", 1]), 2, :invalid_escape},
    {~S("\u12G4"), 1, :invalid_escape},
    {~S("\uD800"), 1, :lone_surrogate},
    {~S("\uDC00"), 1, :lone_surrogate},
    {~S("\uD800\uD800"), 7, :lone_surrogate},
    {"\"\xFF\"", 1, :invalid_utf8},
    {"\"ok\xC0\xAF\"", 3, :invalid_utf8},
    {"\"\xED\xA0\x80\"", 1, :invalid_utf8},
    {"\"\xF4\x90\x80\x80\"", 1, :invalid_utf8},
    {"\"\xE2\x82\"", 1, :invalid_utf8},
    {"\xFF", 0, :unexpected}
  ]

  # Longer than what is read in one go, with what is to be told from it at the end.
  defp long(document), do: "[\"#{String.duplicate("-", 9_000)}\",\n#{document}"

  describe "decode/2" do
    test "reads what RFC 8259 allows" do
      for {document, value} <- @valid do
        assert JSON.decode(document) == {:ok, value}, document
        assert [_, ^value] = JSON.decode!(long(document) <> "]")
      end
    end

    test "reads minus zero as a float" do
      assert <<1::1, 0::63>> == <<JSON.decode!("-0.0")::float>>
      assert <<1::1, 0::63>> == <<List.last(JSON.decode!(long("-0.0]")))::float>>
    end

    test "says what is wrong with anything else, and where" do
      for {document, position, reason} <- @invalid do
        assert {:error, %DecodeError{} = error} = JSON.decode(document)
        assert {document, error.position, error.reason} == {document, position, reason}

        # In an array, a mark is nothing special, and a bracket ends it.
        unless document in ["\uFEFF1", "[]]"] do
          before = byte_size(long(""))
          assert {:error, error} = JSON.decode(long(document))
          assert {document, error.position - before, error.reason} == {document, position, reason}
        end

        assert_raise DecodeError, fn -> JSON.decode!(document) end
      end
    end

    test "of every prefix says that it ends too early" do
      document =
        ~S({"a": [1, -2.5e3, "x\n\u00e9\uD83D\uDE00é", true, null, {}], "é€": {"b": [[0]]}})

      assert {:ok, _} = JSON.decode(document)

      for length <- 0..(byte_size(document) - 1) do
        prefix = binary_part(document, 0, length)
        assert {:error, %{position: ^length, reason: :unexpected}} = JSON.decode(prefix)
        assert {:error, %{position: position}} = JSON.decode(long(prefix))
        assert position == byte_size(long(prefix))
      end
    end

    test "reads any value, however it is written" do
      for seed <- 1..300 do
        :rand.seed(:exsss, seed)
        value = JSONDocuments.value()
        document = IO.iodata_to_binary(JSONDocuments.write(value))
        assert {seed, JSON.decode(document)} == {seed, {:ok, value}}
        assert JSON.decode!(long(document) <> "]") |> List.last() == value
      end
    end

    test "reads floats to the last bit" do
      :rand.seed(:exsss, 7)
      floats = for _ <- 1..20_000, float = random_float(), do: float
      document = "[#{Enum.map_join(floats, ",", &Float.to_string/1)}]"
      assert JSON.decode!(document) === floats
    end

    test "takes iodata" do
      assert JSON.decode(["[", [?1, ","], "2]"]) == {:ok, [1, 2]}
    end

    test "shows the surroundings of what is wrong, whatever bytes these are" do
      assert {:error, error} = JSON.decode("[\"\xFE\"]")
      assert Exception.message(error) =~ ~S(at byte 2, between "[\"" and "\xFE\"]")
      assert {:error, error} = JSON.decode("")
      assert Exception.message(error) == "expected a value, found the end of the input at byte 0"
    end

    test "refuses what is neither iodata nor an option" do
      assert_raise ArgumentError, fn -> JSON.decode(:null) end
      assert_raise ArgumentError, fn -> JSON.decode(<<1::3>>) end

      for {options, message} <- [
            {[key: :atoms], "unknown option :key, the options of decoding are :keys, :floats"},
            {[keys: :symbols], "keys is one of :strings, :atoms!, :atoms, got: :symbols"},
            {[max_depth: 0], "max_depth is a positive integer, got: 0"},
            {%{keys: :atoms}, "options are a keyword list"},
            {[:keys], "options are a keyword list"},
            {[floats: :decimals], "needs the library decimal"}
          ],
          function <- [&JSON.decode/2, &JSON.stream_elements/2, &JSON.stream_lines/2] do
        assert_raise ArgumentError, ~r/#{Regex.escape(message)}/, fn ->
          function.("1", options)
        end
      end
    end
  end

  defp random_float do
    case <<:rand.uniform(0xFFFF_FFFF_FFFF_FFFF)::64>> do
      <<float::float>> -> float
      _infinite_or_nan -> nil
    end
  end

  describe "the options" do
    test ":keys takes atoms that there are, or makes them up to a limit" do
      assert JSON.decode!(~S({"keys": {"é": 1}}), keys: :atoms!) == %{keys: %{é: 1}}
      unknown = "no_atom_#{System.unique_integer([:positive])}"
      document = ~s([{"keys": 1}, {"keys": 2, "#{unknown}": 3}])

      assert {:error, %{reason: :unknown_atom, position: 26}} =
               JSON.decode(document, keys: :atoms!)

      assert {:error, %{reason: :unknown_atom}} =
               JSON.decode(long(document) <> "]", keys: :atoms!)

      names = for n <- 1..20, do: "#{unknown}_#{n}"
      many = "{#{Enum.map_join(names, ",", &~s("#{&1}":0))}}"
      options = [keys: :atoms, max_new_atoms: 10]
      assert {:error, %{reason: :too_many_atoms}} = JSON.decode(many, options)
      # Ten of them are there now.
      assert {:ok, %{}} = JSON.decode(many, options)

      assert {:error, %{reason: :unknown_atom}} =
               JSON.decode(~s({"#{String.duplicate("a", 256)}":1}), keys: :atoms)
    end

    test ":strings bounds what a string keeps alive" do
      short = String.duplicate("s", 100)
      long = String.duplicate("l", 10_000)
      document = ~s(["#{short}", "#{long}", "#{short}\\n"])

      for {strings, referenced} <- [
            auto: [100, byte_size(document), 101],
            copy: [100, 10_000, 101],
            reference: [byte_size(document), byte_size(document), 101]
          ] do
        decoded = JSON.decode!(document, strings: strings)
        assert decoded == [short, long, short <> "\n"]

        assert {strings, Enum.map(decoded, &:binary.referenced_byte_size/1)} ==
                 {strings, referenced}
      end

      # A part of a part refers to the same whole.
      <<_, part::binary>> = "x" <> document
      assert [_, ^long, _] = JSON.decode!(part)
    end

    test ":objects keeps the order and duplicates" do
      assert JSON.decode!(~S({"b":1,"a":{"c":[]},"b":2}), objects: :ordered) ==
               %OrderedObject{
                 values: [{"b", 1}, {"a", %OrderedObject{values: [{"c", []}]}}, {"b", 2}]
               }

      assert JSON.decode!("{}", objects: :ordered) == %OrderedObject{values: []}
      many = for n <- 1..5_000, do: {"key #{n}", n}
      document = "{#{Enum.map_join(many, ",", fn {key, n} -> ~s("#{key}":#{n}) end)}}"
      assert JSON.decode!(document, objects: :ordered) == %OrderedObject{values: many}

      assert JSON.decode!(document, objects: :ordered, keys: :atoms, max_new_atoms: 5_000).values
             |> hd() == {:"key 1", 1}
    end

    test ":duplicates makes an error of a key that is there already" do
      for objects <- [:maps, :ordered], options = [duplicates: :error, objects: objects] do
        assert {:ok, _} = JSON.decode(~S({"a":{"a":1},"b":2}), options)

        assert {:error, %{reason: :duplicate_key, position: 18}} =
                 JSON.decode(~S({"x":{"a":1, "a":2}}), options)

        members = Enum.map_join(1..5_000, ",", &~s("k#{rem(&1, 4_999)}":0))
        assert {:error, %{reason: :duplicate_key}} = JSON.decode("[{#{members}}]", options)
      end
    end

    test ":max_depth and :max_bytes are limits" do
      assert {:ok, [[[]]]} = JSON.decode("[[[]]]", max_depth: 3)

      assert {:error, %{reason: :too_deep, position: 6}} =
               JSON.decode(~S([{"a":[]}]), max_depth: 2)

      assert {:error, %{reason: :too_deep, position: 1_024}} =
               JSON.decode(String.duplicate("[", 100_000))

      assert {:error, %{reason: :too_deep}} = JSON.decode(String.duplicate(~S({"a":), 100_000))
      nested = String.duplicate("[", 50_000) <> String.duplicate("]", 50_000)
      assert {:ok, _} = JSON.decode(nested, max_depth: 50_000)
      assert {:ok, _} = JSON.decode("[1]", max_bytes: 3)
      assert {:error, %{reason: :too_many_bytes, position: 3}} = JSON.decode("[1] ", max_bytes: 3)
    end
  end

  describe "large documents" do
    test "are the same as their parts" do
      item = ~S({"id": 1, "name": "né", "tags": ["a", {}, []], "x": 1.5})
      value = JSON.decode!(item)
      document = "[#{Enum.map_join(1..50_000, ",", fn _ -> item end)}]"
      assert JSON.decode!(document) == List.duplicate(value, 50_000)
    end

    test "of one object are maps of any size" do
      for count <- [31, 32, 33, 2_048, 2_049, 100_000] do
        expected = Map.new(1..count, &{"key #{&1}", &1})
        members = Enum.map_join(1..count, ",", &~s("key #{&1}":#{&1}))
        assert JSON.decode!("{#{members}}") == expected
        assert JSON.decode!("{#{members},#{members}}") == expected
        assert JSON.decode!(~s([0,{"in": {#{members}}}])) == [0, %{"in" => expected}]
      end
    end

    test "may consist of one long token" do
      text = String.duplicate("aé😀", 500_000)
      escaped = String.replace(text, "é", "\\u00e9")
      assert JSON.decode!(~s("#{text}")) == text
      assert JSON.decode!(~s("#{text}"), strings: :copy) == text
      assert JSON.decode!(~s({"#{escaped}": "#{escaped}"})) == %{text => text}

      digits = String.duplicate("1234567890", 20_000)
      assert JSON.decode!("-#{digits}") == -String.to_integer(digits)
      assert JSON.decode!("0.#{digits}") == 0.12345678901234568
      assert {:error, %{reason: :number_too_long}} = JSON.decode(String.duplicate("1", 1_300_000))

      space = String.duplicate(" \n\t ", 1_000_000)
      assert JSON.decode!("#{space}[#{space}1#{space}]#{space}") == [1]

      invalid = ~s("#{text}) <> <<0xFF>> <> ~s(")
      position = byte_size(text) + 1
      assert {:error, %{reason: :invalid_utf8, position: ^position}} = JSON.decode(invalid)
    end

    test "are freed with their reader" do
      document = "[#{Enum.map_join(1..300_000, ",", &~s({"id":#{&1}}))}]"
      before = :erlang.memory(:total)

      for _ <- 1..20 do
        {pid, monitor} = spawn_monitor(fn -> JSON.decode!(document) end)
        Process.exit(pid, :kill)
        assert_receive {:DOWN, ^monitor, _, _, :killed}
      end

      Cantilever.Eventually.eventually(fn -> :erlang.memory(:total) < before + 30_000_000 end)
    end

    test "leave nothing in the mailbox, and find it as it was" do
      send(self(), :mine)
      document = "[#{Enum.map_join(1..50_000, ",", &Integer.to_string/1)}]"
      assert length(JSON.decode!(document)) == 50_000
      assert {:error, _} = JSON.decode(document <> "x")
      assert Process.info(self(), :messages) == {:messages, [:mine]}
    end
  end
end
