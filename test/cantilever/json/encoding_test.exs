defmodule Cantilever.JSON.EncodingTest do
  use ExUnit.Case, async: true

  import ExUnit.CaptureIO

  alias Cantilever.JSON.EncodeError
  alias Cantilever.JSON
  alias Cantilever.JSON.Fragment
  alias Cantilever.JSON.OrderedObject
  alias Cantilever.JSONStructs.{Money, Part, Raising, Rest, Secret, Whole}

  defp encode!(term, opts \\ []), do: JSON.encode!(term, opts)

  describe "encode!/2 of scalars" do
    test "writes nil, booleans and other atoms" do
      assert encode!(nil) == "null"
      assert encode!(true) == "true"
      assert encode!(false) == "false"
      assert encode!(:ok) == ~s("ok")
      assert encode!(:ünïcode) == ~s("ünïcode")
      assert encode!(:日本) == ~s("日本")
      assert encode!(:"with \"quotes\"") == ~S("with \"quotes\"")
    end

    # Their texts are remembered, each in a place that many share.
    test "writes thousands of atoms, each as itself, again and again" do
      atoms = for n <- 1..5_000, do: :"atom #{n} of many: é"
      texts = Enum.map(atoms, &Atom.to_string/1)
      json = encode!(texts)

      for _ <- 1..3 do
        assert encode!(atoms) == json
        for {atom, text} <- Enum.zip(atoms, texts), do: assert(encode!(atom) == encode!(text))
      end

      assert JSON.decode!(encode!(Map.new(atoms, &{&1, &1}))) == Map.new(texts, &{&1, &1})
    end

    test "writes atoms in many processes at once" do
      atoms = for n <- 1..2_000, do: :"atom #{n} of many processes"

      1..16
      |> Task.async_stream(
        fn n ->
          for atom <- Enum.drop(atoms, rem(n, 5)),
              do: assert(encode!(atom) == ~s("#{atom}"))
        end,
        max_concurrency: 16
      )
      |> Stream.run()
    end

    test "writes integers of any size" do
      for n <- [0, 1, -1, 9, 10, 99, 100, 12_345_678, 123_456_789],
          do: assert(encode!(n) == Integer.to_string(n))

      for bits <- [7, 31, 32, 58, 59, 60, 63, 64, 65, 127, 128, 1000, 5000],
          sign <- [1, -1],
          add <- [-1, 0, 1] do
        n = sign * Integer.pow(2, bits) + add
        assert encode!(n) == Integer.to_string(n)
      end
    end

    test "writes floats as the VM does" do
      for f <- [0.0, -0.0, 1.0, 0.1, 1.0e3, 1234.0, 1.0e-5, 1.2e-4, 5.0e-324, 1.5e300, 9.0e15],
          do: assert(encode!(f) == Float.to_string(f))
    end

    test "writes strings" do
      assert encode!("") == ~s("")
      assert encode!("a\"b\\c\n\r\t\b\f\0\x1F/é𝄞") == ~S("a\"b\\c\n\r\t\b\f\u0000\u001F/é𝄞")
      <<_skipped::3, part::binary-size(5), _rest::bits>> = <<0::3, "abcde", 0::5>>
      assert encode!(part) == ~s("abcde")
    end
  end

  describe "encode!/2 of containers" do
    test "writes lists" do
      assert encode!([]) == "[]"
      assert encode!([[], [1, [2]], %{}]) == "[[],[1,[2]],{}]"
      assert encode!(~c"ab") == "[97,98]"
    end

    test "writes maps with every kind of key" do
      assert encode!(%{}) == "{}"
      assert encode!(%{"a" => 1}) == ~s({"a":1})
      assert encode!(%{a: %{b: 1}}) == ~s({"a":{"b":1}})
      assert encode!(%{1 => 1}) == ~s({"1":1})
      assert encode!(%{1.0e3 => 1}) == ~s({"1.0e3":1})
      assert encode!(%{nil => 1}) == ~s({"nil":1})
      assert encode!(%{Integer.pow(10, 30) => [1]}) == ~s({"1#{String.duplicate("0", 30)}":[1]})
      assert encode!(%{~D[2024-02-29] => %{a: 1}}) == ~s({"2024-02-29":{"a":1}})
      assert encode!(%{~c"list" => 1}) == ~s({"list":1})
      key = String.duplicate("k", 100_000)
      assert encode!(%{key => [1]}) == ~s({"#{key}":[1]})
    end

    test "writes maps of every size, with as many entries as they have" do
      for size <- [1, 31, 32, 33, 64, 500, 2047, 2048, 2049, 5000] do
        map = Map.new(1..size, &{"k#{&1}", &1})

        expected =
          Enum.map_join(Map.to_list(map), ",", fn {key, value} -> ~s("#{key}":#{value}) end)

        assert entries(encode!(map)) == entries("{" <> expected <> "}")
      end
    end

    test "writes a map of which a key __struct__ is no module as a map" do
      assert encode!(%{__struct__: 1}) == ~s({"__struct__":1})
    end
  end

  defp entries(json), do: json |> String.slice(1..-2) |> String.split(",") |> Enum.sort()

  describe "encode!/2 of structs" do
    test "writes the fields that were derived, those of only: in their order" do
      assert encode!(%Whole{a: 1, b: [2]}) == ~s({"a":1,"b":[2]})
      assert encode!(%Part{id: 1, name: "x", secret: 2}) == ~s({"name":"x","id":1})
      assert encode!([%Rest{id: %Rest{id: 1}}, 2]) == ~s([{"id":{"id":1}},2])
    end

    test "writes what the encoder returns, which gets the options" do
      assert encode!(%{m: %Money{amount: ~D[2020-01-01]}}, escape: :html) ==
               ~s({"m":["2020-01-01","html"]})
    end

    test "writes many structs, in lists and maps, at any depth" do
      structs = for i <- 1..1000, do: %Part{id: %{x: %Rest{id: i}}, name: [%Whole{a: i}]}

      expected =
        Enum.map_join(1..1000, ",", &~s({"name":[{"a":#{&1},"b":null}],"id":{"x":{"id":#{&1}}}}))

      assert encode!(structs) == "[" <> expected <> "]"
    end

    test "writes dates and times as ISO 8601" do
      assert encode!(~D[2024-02-29]) == ~s("2024-02-29")
      assert encode!(~T[12:34:56.789]) == ~s("12:34:56.789")
      assert encode!(~N[2024-02-29 12:34:56]) == ~s("2024-02-29T12:34:56")
      assert encode!(~U[2024-02-29 12:34:56.000001Z]) == ~s("2024-02-29T12:34:56.000001Z")

      for year <- [-9999, -1, 0, 1, 999, 9999], {us, precision} <- [{0, 0}, {5000, 3}, {1, 6}] do
        naive = NaiveDateTime.new!(year, 1, 31, 0, 5, 59, {us, precision})
        assert encode!(naive) == ~s("#{NaiveDateTime.to_iso8601(naive)}")
        assert encode!(NaiveDateTime.to_date(naive)) == ~s("#{NaiveDateTime.to_date(naive)}")
        assert encode!(NaiveDateTime.to_time(naive)) == ~s("#{NaiveDateTime.to_time(naive)}")
        utc = DateTime.from_naive!(naive, "Etc/UTC")

        for {zone, utc_offset, std_offset} <- [
              {"Etc/UTC", 0, 0},
              {"Etc/UTC", 60, 0},
              {"Europe/London", 0, 0},
              {"Europe/Berlin", 3600, 3600},
              {"America/St_Johns", -12_600, 0}
            ] do
          local = %{utc | time_zone: zone, utc_offset: utc_offset, std_offset: std_offset}
          assert encode!([local]) == ~s(["#{DateTime.to_iso8601(local)}"])
        end
      end
    end

    test "puts fragments in as they are" do
      assert encode!([Fragment.new(["{", [?}, []]]), 1]) == "[{},1]"
      assert encode!(Fragment.new(["[", [] | "]"])) == "[]"
      large = String.duplicate("1", 100_000)
      assert encode!(Fragment.new([large | large])) == large <> large
    end

    test "keeps the order of an ordered object" do
      assert encode!(OrderedObject.new([{"b", 1}, {:a, [2]}, {"b", %{}}])) ==
               ~s({"b":1,"a":[2],"b":{}})

      assert encode!(OrderedObject.new([])) == "{}"
    end

    test "refuses other structs, and says what to do" do
      for struct <- [%Secret{id: 1}, MapSet.new([1]), 1..2, Stream.map([1], & &1), %URI{}] do
        assert_raise Protocol.UndefinedError, ~r/@derive {Cantilever.JSON.Encoder, only:/, fn ->
          encode!([struct])
        end

        assert {:error, %Protocol.UndefinedError{value: ^struct}} = JSON.encode(struct)
      end
    end

    test "what an encoder raises, its caller gets" do
      assert_raise RuntimeError, "no", fn -> JSON.encode([%Raising{}]) end
    end

    test "a derivation names fields that are not there" do
      # That the protocol is consolidated already is said first.
      capture_io(:stderr, fn ->
        assert_raise ArgumentError, ~r/\[:nope\], which it has not: its fields are \[:a\]/, fn ->
          defmodule Wrong do
            @derive {Cantilever.JSON.Encoder, only: [:nope]}
            defstruct [:a]
          end
        end

        assert_raise ArgumentError, ~r/either only: or except:/, fn ->
          defmodule Worse do
            @derive {Cantilever.JSON.Encoder, [wanted: [:a]]}
            defstruct [:a]
          end
        end
      end)
    end
  end

  describe "encode/2 of what JSON has nothing for" do
    test "says what and where it is" do
      pid = self()

      for {term, reason, value, path} <- [
            {{1, 2}, :unsupported, {1, 2}, []},
            {[1, %{"a" => [{1, 2}]}], :unsupported, {1, 2}, [1, "a", 0]},
            {%{a: [b: 1]}, :unsupported, {:b, 1}, [:a, 0]},
            {%{1 => pid}, :unsupported, pid, [1]},
            {[<<1::7>>], :unsupported, <<1::7>>, [0]},
            {[1 | 2], :improper_list, 2, [0]},
            {%{a: "ab\xFF"}, :invalid_byte, "ab\xFF", [:a]},
            {%{"\xFF" => 1}, :invalid_byte, "\xFF", ["\xFF"]},
            {[Fragment.new([300])], :iodata, 300, [0]},
            {OrderedObject.new([{"a", 1}, :b]), :unsupported, :b, ["a"]}
          ] do
        assert {:error, %EncodeError{reason: ^reason, value: ^value, path: ^path} = error} =
                 JSON.encode(term)

        assert is_binary(Exception.message(error))
        assert_raise EncodeError, fn -> JSON.encode!(term) end
        assert {:error, %EncodeError{}} = JSON.encode_to_iodata(term)
      end
    end

    test "has messages that say what to do" do
      message = fn term -> term |> JSON.encode() |> elem(1) |> Exception.message() end

      assert message.(%{"users" => [[name: "a"]]}) ==
               ~s(the term cannot be encoded at ["users"][0][0]: {:name, "a"} is an entry of a keyword list, of which ) <>
                 "JSON cannot tell whether it is an object or an array: turn the list into a map with Map.new/1, or, to " <>
                 "keep the order, into an object with Cantilever.JSON.OrderedObject.new/1"

      assert message.("abc\xFFd") =~ "the byte 0xFF at offset 3 of"
      assert message.(make_ref()) =~ "the term cannot be encoded: #Reference<"
    end

    test "names the first byte that is not UTF-8, in short and in long strings" do
      for length <- [0, 1, 7, 8, 31, 32, 100, 16_383, 16_384, 16_385, 100_000],
          bad <- ["\xFF", "\xC3", "\xED\xA0\x80", "\xC0\x80", "\xF4\x90\x80\x80"] do
        text = String.duplicate("é", div(length, 2)) <> String.duplicate("x", rem(length, 2))

        assert {:error, %EncodeError{reason: :invalid_byte, byte: ^length}} =
                 JSON.encode([text <> bad])
      end
    end

    test "refuses what is nested too deep" do
      nested = fn depth -> Enum.reduce(1..depth, [], fn _level, inner -> [inner] end) end
      assert {:ok, _json} = JSON.encode(nested.(1_023))
      assert {:error, %EncodeError{reason: :too_deep}} = JSON.encode(nested.(1_024))

      assert {:error, %EncodeError{reason: :too_deep}} = JSON.encode([%{a: [1]}], max_depth: 2)

      assert {:ok, "[{\"a\":1}]"} = JSON.encode([%{a: 1}], max_depth: 2)

      deep = encode!(nested.(1_000_000), max_depth: :infinity)
      assert byte_size(deep) == 2_000_002
    end

    test "refuses keys without a text" do
      assert {:error, %Protocol.UndefinedError{protocol: String.Chars}} =
               JSON.encode(%{{1, 2} => 1})

      assert {:error, %Protocol.UndefinedError{protocol: String.Chars, value: [:a]}} =
               JSON.encode(%{[:a] => 1})
    end
  end

  describe "the options" do
    test "escape:" do
      text = "</é\u2028𝄞&>"
      assert encode!(text, escape: :json) == ~s("</é\u2028𝄞&>")
      assert encode!(text, escape: :javascript) == ~s("</é\\u2028𝄞&>")
      assert encode!(text, escape: :html) == ~S("\u003C\/é\u2028𝄞\u0026\u003E")
      assert encode!(text, escape: :unicode) == ~S("</\u00E9\u2028\uD834\uDD1E&>")
      assert encode!(%{é: 1}, escape: :unicode_safe) == ~S({"\u00E9":1})
    end

    test "pretty:" do
      term = OrderedObject.new([{"a", [1, %{b: []}]}, {"c", %{}}])

      assert encode!(term, pretty: true) ==
               ~s({\n  "a": [\n    1,\n    {\n      "b": []\n    }\n  ],\n  "c": {}\n})

      assert encode!([%{a: 1}], pretty: [indent: "\t", line_separator: "\r\n", after_colon: ""]) ==
               ~s([\r\n\t{\r\n\t\t"a":1\r\n\t}\r\n])

      assert encode!([1], pretty: false) == "[1]"
    end

    test "maps: :strict" do
      assert encode!(%{1 => 1, "1" => 2}, maps: :naive) == ~s({"1":1,"1":2})

      for map <- [
            %{1 => 1, "1" => 2},
            %{"a" => 2, a: 1},
            %{~D[2024-02-29] => 1, "2024-02-29" => 2},
            %{1.5 => 1, "1.5" => [%{}]}
          ] do
        assert {:error, %EncodeError{reason: :duplicate_key}} = JSON.encode(map, maps: :strict)
      end

      map = Map.new(1..3000, &{&1, %{"1" => 1, a: %{}}})
      assert encode!(map, maps: :strict) == encode!(map)
    end

    test "are checked, and named if they are wrong" do
      for {opts, message} <- [
            {[escpae: :html], ~r/unknown option :escpae: :escape, :maps/},
            {[escape: :xml], ~r/the option :escape must be :json, .*, got: :xml/},
            {[maps: :loose], ~r/the option :maps must be :naive or :strict/},
            {[max_depth: 0], ~r/the option :max_depth must be a positive integer/},
            {[pretty: 1], ~r/the option :pretty must be true, false or a list/},
            {[pretty: [indnet: ""]], ~r/unknown option :indnet of :pretty/},
            {[pretty: [indent: 2]], ~r/indent: a string, got: 2/},
            {:html, ~r/options must be a keyword list, got: :html/},
            {[:html], ~r/options must be a keyword list, got :html in it/}
          ] do
        assert_raise ArgumentError, message, fn -> JSON.encode(1, opts) end
      end
    end
  end

  describe "encode_to_iodata!/2" do
    test "gives a list of binaries of moderate size, which are the same text" do
      term = for i <- 1..50_000, do: %{id: i, name: "name #{i}"}
      chunks = JSON.encode_to_iodata!(term)
      assert IO.iodata_to_binary(chunks) == encode!(term)
      assert length(chunks) > 10
      assert Enum.all?(chunks, &(byte_size(&1) <= 70_000))

      flat = JSON.encode_to_iodata!(Enum.to_list(1..100_000))
      assert Enum.all?(flat, &(byte_size(&1) <= 70_000))

      long = String.duplicate("é\n", 200_000)
      assert IO.iodata_to_binary(JSON.encode_to_iodata!(long)) == encode!(long)
    end
  end
end
