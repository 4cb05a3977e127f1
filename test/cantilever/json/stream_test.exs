defmodule Cantilever.JSON.StreamTest do
  use ExUnit.Case, async: true

  alias Cantilever.{JSON, JSONDocuments}
  alias Cantilever.JSON.DecodeError

  describe "stream_elements/2" do
    test "yields the elements of an array in chunks of any length" do
      for seed <- 1..60 do
        :rand.seed(:exsss, seed)
        values = for _ <- 1..:rand.uniform(30), do: JSONDocuments.value(3)
        document = IO.iodata_to_binary(JSONDocuments.write(values))

        for most <- [1, 10, 1_000, 1_000_000] do
          streamed =
            document |> JSONDocuments.cut(most) |> JSON.stream_elements() |> Enum.to_list()

          assert {seed, most, streamed} == {seed, most, values}
        end
      end

      assert ["[", " ]"] |> JSON.stream_elements() |> Enum.to_list() == []
    end

    test "is lazy, and takes no more chunks than it is asked for" do
      test = self()

      chunks =
        Stream.map(1..1_000_000, fn number ->
          send(test, {:chunk, number})
          if number == 1, do: "[0", else: ",#{number}"
        end)

      assert chunks |> JSON.stream_elements() |> Enum.take(3) == [0, 2, 3]
      assert_received {:chunk, 4}
      refute_received {:chunk, 5}
    end

    test "raises what is wrong after the elements before it" do
      for {chunks, elements} <- [
            {["[1, 2, x]"], [1, 2]},
            {["[1, ", "2", ", x]"], [1, 2]},
            {["[1, 2"], [1, 2]},
            {["[1, 2] 3"], [1, 2]},
            {["{}"], []},
            {[""], []},
            {[], []}
          ] do
        test = self()
        stream = chunks |> JSON.stream_elements() |> Stream.each(&send(test, {:element, &1}))
        assert_raise DecodeError, fn -> Stream.run(stream) end
        for element <- elements, do: assert_received({:element, ^element})
        refute_received {:element, _}
      end
    end

    test "reads long strings alike, wherever the chunks end" do
      :rand.seed(:exsss, 11)

      for size <- [1_000, 3_000, 70_000, 200_000], most <- [500, 5_000, 70_000] do
        values = for byte <- ~c"abc", do: String.duplicate(<<byte>>, size)
        values = [1 | values] ++ [%{"key" => values}, "last"]
        document = JSON.encode!(values)

        assert document |> JSONDocuments.cut(most) |> JSON.stream_elements() |> Enum.to_list() ==
                 values
      end
    end

    test "limits how long an element may be, not the array or what is between elements" do
      assert ["[", String.duplicate(" ", 200), "[1,2] ,\n [3,4]", " ]"]
             |> JSON.stream_elements(max_bytes: 5)
             |> Enum.to_list() == [[1, 2], [3, 4]]

      list = "[#{String.duplicate("1,", 10_000)}1]"

      for objects <- [:maps, :ordered],
          chunks <- [["[0,", list, "]"], JSONDocuments.cut("[0,#{list}]", 1_000)] do
        stream = JSON.stream_elements(chunks, max_bytes: 100, objects: objects)

        assert %{reason: :too_many_bytes} =
                 assert_raise(DecodeError, fn -> Stream.run(stream) end)
      end

      chunks = ["[", String.duplicate("[1,2,3],", 10_000), "[1]]"]
      assert chunks |> JSON.stream_elements(max_bytes: 20) |> Enum.count() == 10_001
      long = ["[[1],[", List.duplicate("1,", 1_000), "1]]"]
      stream = JSON.stream_elements(long, max_bytes: 100)
      error = assert_raise DecodeError, fn -> Enum.to_list(stream) end
      assert error.reason == :too_many_bytes
    end

    test "takes the memory of a chunk, however long the array is" do
      element = ~s({"id":1,"name":"#{String.duplicate("n", 50)}"})
      chunk = String.duplicate(",#{element}", 500)

      chunks = Stream.concat([["[0"], Stream.map(1..2_000, fn _ -> chunk end), ["]"]])

      peak =
        chunks
        |> JSON.stream_elements()
        |> Stream.chunk_every(10_000)
        |> Enum.reduce(0, fn _elements, peak ->
          {:memory, memory} = Process.info(self(), :memory)
          max(peak, memory)
        end)

      # All of them are ten times as much.
      assert peak < 30_000_000
    end
  end

  describe "stream_lines/2" do
    test "yields each line with its number, in chunks of any length" do
      text = "1\r\n[2]\n\n  \n{\"a\":\n\"é\"\n3"

      for most <- 1..byte_size(text) do
        assert [
                 {1, {:ok, 1}},
                 {2, {:ok, [2]}},
                 {5, {:error, error}},
                 {6, {:ok, "é"}},
                 {7, {:ok, 3}}
               ] = text |> JSONDocuments.cut(most) |> JSON.stream_lines() |> Enum.to_list()

        assert error.position == 5
      end

      assert [] |> JSON.stream_lines() |> Enum.to_list() == []

      assert [{1, {:ok, %{keys: 1}}}] =
               [~S({"keys":1})] |> JSON.stream_lines(keys: :atoms!) |> Enum.to_list()
    end

    test "leaves out a line that is too long, and goes on" do
      long = List.duplicate(String.duplicate("1", 60_000), 500)
      chunks = Stream.concat([["[1]\n"], long, ["\n[2]\n"], long])

      assert [{1, {:ok, [1]}}, {2, {:error, error}}, {3, {:ok, [2]}}, {4, {:error, _}}] =
               chunks
               |> JSON.stream_lines(max_bytes: 100_000)
               |> Enum.to_list()

      assert {error.reason, error.position} == {:too_many_bytes, 100_000}
    end

    @tag :tmp_dir
    test "reads a file", %{tmp_dir: folder} do
      file = Path.join(folder, "events.ndjson")
      File.write!(file, for(number <- 1..10_000, do: ~s({"id":#{number}}\n)))
      documents = file |> File.stream!([], 4_096) |> JSON.stream_lines()
      assert Enum.all?(documents, fn {line, result} -> result == {:ok, %{"id" => line}} end)
      assert Enum.count(documents) == 10_000
    end
  end
end
