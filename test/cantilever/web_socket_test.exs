defmodule Cantilever.WebSocketTest do
  use ExUnit.Case, async: true

  import Bitwise
  import Cantilever.Eventually

  alias Cantilever.Native.EveryCheckpoint
  alias Cantilever.WebSocket

  doctest WebSocket

  @text 0x81
  @binary 0x82
  @close 0x88
  @ping 0x89
  @pong 0x8A
  # What is not the last fragment of a message, and the last one after others.
  @text_begins 0x01
  @binary_begins 0x02
  @more 0x00
  @last 0x80

  describe "new/1" do
    test "raises for options that there are not" do
      for wrong <- [
            [max_frame_bytes: 0],
            [max_message_bytes: 2 ** 26 + 1],
            [max_frame: 1],
            [:max_frame_bytes],
            :none
          ] do
        assert_raise ArgumentError, ~r/of a WebSocket|for a WebSocket/, fn ->
          WebSocket.new(wrong)
        end
      end
    end
  end

  describe "read/2" do
    test "gives the events in order, over fragments with control frames in between" do
      input = [
        masked(@text, "one"),
        masked(@text_begins, "t"),
        masked(@ping, "?"),
        masked(@more, ""),
        masked(@pong, "!"),
        masked(@last, "wo"),
        masked(@binary, <<255>>),
        masked(@close, <<1000::16, "bye">>),
        masked(@text, "too late")
      ]

      assert WebSocket.read(WebSocket.new(), IO.iodata_to_binary(input)) ==
               {:ok,
                [
                  {:text, "one"},
                  {:ping, "?"},
                  {:pong, "!"},
                  {:text, "two"},
                  {:binary, <<255>>},
                  {:close, 1000, "bye"}
                ]}
    end

    test "gives the same for every way to cut the input in two, and for single bytes" do
      input =
        IO.iodata_to_binary([
          masked(@text_begins, "caf\xC3"),
          masked(@ping, "now"),
          masked(@last, "\xA9 und 𝄞"),
          masked(@binary, String.duplicate("long ", 40)),
          masked(@close, <<1001::16, "é">>)
        ])

      whole = read([input])
      assert {:ok, [{:ping, _}, {:text, "café und 𝄞"}, {:binary, _}, {:close, 1001, "é"}]} = whole

      for at <- 0..byte_size(input) do
        {first, rest} = :erlang.split_binary(input, at)
        assert read([first, rest]) == whole
      end

      assert read(for <<byte::binary-size(1) <- input>>, do: byte) == whole
    end

    test "gives the same for random frames in random chunks, right or not, and in slices of one checkpoint" do
      for seed <- 1..200 do
        :rand.seed(:exsss, {seed, 2, 3})
        input = IO.iodata_to_binary(for _ <- 1..:rand.uniform(12), do: random_frame())
        whole = read([input])
        assert read(random_chunks(input)) == whole, "with the seed #{seed}"
        assert read_in_slices(input) == whole, "with the seed #{seed}"
      end
    end

    test "does no harm with noise" do
      for seed <- 1..500 do
        :rand.seed(:exsss, {seed, 4, 5})
        noise = :rand.bytes(:rand.uniform(3_000))
        assert elem(read(random_chunks(noise)), 0) in [:ok, :error]
      end
    end

    test "unmasks with any mask, at any length" do
      for length <- Enum.concat([0..300, [4_095, 4_096, 4_097, 65_535, 65_536]]),
          mask <- [<<0, 0, 0, 0>>, <<1, 2, 3, 4>>, <<255, 254, 0, 128>>] do
        payload = :binary.copy("abcdefg", div(length, 7) + 1) |> binary_part(0, length)
        frame = masked(@text, payload, mask)
        assert WebSocket.read(WebSocket.new(), frame) == {:ok, [{:text, payload}]}
      end
    end

    test "refuses what breaks the protocol, with 1002 and the events before" do
      for wrong <- [
            masked(@text ||| 0x40, ""),
            masked(0x83, ""),
            <<@text, 0>>,
            <<@text, 0x80 ||| 126, 1::16, 0::32>>,
            masked(@ping &&& 0x7F, ""),
            masked(@ping, String.duplicate("a", 126)),
            masked(@last, ""),
            masked(@close, "a"),
            masked(@close, <<1005::16>>),
            masked(@close, <<5000::16>>)
          ] do
        websocket = WebSocket.new()

        assert {:error, [text: "before"], {1002, message}} =
                 WebSocket.read(websocket, masked(@text, "before") <> wrong)

        assert byte_size(message) in 1..123

        # And from then on.
        assert WebSocket.read(websocket, masked(@text, "")) == {:error, [], {1002, message}}
        assert WebSocket.read(websocket, "") == {:error, [], {1002, message}}
      end
    end

    test "refuses texts that are not UTF-8 with 1007, at the first byte that cannot be right" do
      for {right, wrong} <- [{"", "\xFF"}, {"\xED", "\xA0"}, {"\xF4", "\x90"}, {"a\xE2\x82", "("}] do
        websocket = WebSocket.new()
        frame = masked(@text_begins, right <> wrong <> "and on")
        {until, rest} = :erlang.split_binary(frame, 6 + byte_size(right))
        assert WebSocket.read(websocket, until) == {:ok, []}

        assert {:error, [], {1007, "a text is not valid UTF-8"}} =
                 WebSocket.read(websocket, binary_part(rest, 0, 1))
      end

      assert {:error, [], {1007, _}} = read([masked(@text, "caf\xC3")])
      assert {:error, [], {1007, _}} = read([masked(@close, <<1000::16, 0xFF>>)])
      assert {:ok, [{:binary, "\xFF"}]} = read([masked(@binary, "\xFF")])
    end

    test "refuses what is too long with 1009, by its header" do
      websocket = WebSocket.new(max_frame_bytes: 100, max_message_bytes: 150)
      hundred = String.duplicate("a", 100)

      assert WebSocket.read(websocket, masked(@text_begins, hundred)) == {:ok, []}
      fifty = masked(@last, String.duplicate("b", 50))
      assert {:ok, [{:text, text}]} = WebSocket.read(websocket, fifty)
      assert byte_size(text) == 150

      assert WebSocket.read(websocket, masked(@text_begins, hundred)) == {:ok, []}
      header = binary_part(masked(@last, String.duplicate("b", 51)), 0, 6)
      message = "a message of 151 bytes or more, where 150 are allowed"
      assert WebSocket.read(websocket, header) == {:error, [], {1009, message}}

      websocket = WebSocket.new(max_frame_bytes: 100)
      header = <<@binary, 0x80 ||| 127, -1::64, 0::32>>

      assert WebSocket.read(websocket, header) ==
               {:error, [],
                {1009, "a frame of 18446744073709551615 bytes, where 100 are allowed"}}
    end

    test "refuses fragments without end with 1009, in memory that does not grow" do
      websocket = WebSocket.new()
      fragments = :binary.copy(masked(@more, ""), 1_000)
      assert WebSocket.read(websocket, masked(@binary_begins, "")) == {:ok, []}

      {count, result} =
        Enum.reduce_while(1..1_000, nil, fn count, nil ->
          case WebSocket.read(websocket, fragments) do
            {:ok, []} -> {:cont, nil}
            error -> {:halt, {count, error}}
          end
        end)

      assert count == 67
      assert {:error, [], {1009, "a message in more than 66560 fragments"}} = result
    end

    test "reads long input without holding a scheduler" do
      message = String.duplicate("é long text ", 20_000)
      websocket = WebSocket.new(max_frame_bytes: 1_000_000)
      many = :binary.copy(masked(@text, "x"), 50_000)

      assert WebSocket.read(websocket, masked(@text, message)) == {:ok, [{:text, message}]}

      {:reductions, before} = Process.info(self(), :reductions)
      assert {:ok, events} = WebSocket.read(websocket, many)
      {:reductions, later} = Process.info(self(), :reductions)
      assert length(events) == 50_000
      # What took more than a slice has been booked as such.
      assert later - before > 4_000
    end

    test "raises for what is no codec and no binary" do
      assert_raise ArgumentError, ~r/websocket_read\/2: argument 2/, fn ->
        WebSocket.read(WebSocket.new(), :none)
      end

      for wrong <- [make_ref(), nil, Cantilever.Native.json_checker_new(1)] do
        assert_raise ArgumentError, ~r/websocket_read\/2: argument 1/, fn ->
          WebSocket.read(wrong, "")
        end
      end
    end

    test "is for one process at a time, and says so to the others" do
      websocket = WebSocket.new(max_frame_bytes: 1_000_000)
      frame = masked(@text, String.duplicate("a", 400_000))

      read = fn ->
        try do
          elem(WebSocket.read(websocket, frame), 0)
        rescue
          error in RuntimeError -> error.message
        end
      end

      results = for _ <- 1..200, do: Task.async(read)

      for result <- Task.await_many(results, 60_000) do
        assert result == :ok or result =~ "read by one process at a time"
      end

      # Whoever was first has put it back.
      assert {:ok, [_text]} = WebSocket.read(websocket, frame)
    end

    test "is over when its process is killed while it reads" do
      websocket = EveryCheckpoint.websocket_new(2 ** 32 - 1, 2 ** 32 - 1)
      frame = masked(@binary, :binary.copy("abcd", 10_000_000))

      {pid, monitor} =
        spawn_monitor(fn ->
          Stream.repeatedly(fn -> EveryCheckpoint.websocket_read(websocket, frame) end)
          |> Stream.run()
        end)

      # Suspended, it neither ends its reading nor meets the test's own.
      eventually(fn ->
        :erlang.suspend_process(pid)
        reads? = EveryCheckpoint.websocket_read(websocket, "") == {:error, :unavailable}
        unless reads?, do: :erlang.resume_process(pid)
        reads?
      end)

      Process.exit(pid, :kill)
      assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}
      assert EveryCheckpoint.websocket_read(websocket, "") == {:error, :unavailable}
    end
  end

  describe "frame/2" do
    test "is a frame of any length" do
      for {length, header} <- [
            {0, <<0>>},
            {125, <<125>>},
            {126, <<126, 126::16>>},
            {65_535, <<126, 65_535::16>>},
            {65_536, <<127, 65_536::64>>}
          ],
          {opcode, first} <- [text: @text, binary: @binary] do
        payload = String.duplicate("a", length)
        expected = <<first>> <> header <> payload
        assert IO.iodata_to_binary(WebSocket.frame(opcode, payload)) == expected

        assert IO.iodata_to_binary(WebSocket.frame(opcode, [[], for(<<c <- payload>>, do: c)])) ==
                 expected
      end
    end

    test "of control has no more than 125 bytes" do
      for {opcode, first} <- [ping: @ping, pong: @pong] do
        payload = String.duplicate("a", 125)

        assert IO.iodata_to_binary(WebSocket.frame(opcode, payload)) ==
                 <<first, 125>> <> payload

        assert_raise ArgumentError, "a #{opcode} holds 125 bytes at most, got: 126", fn ->
          WebSocket.frame(opcode, [payload, "a"])
        end
      end
    end
  end

  describe "close_frame/2" do
    test "has a code and a reason, or neither" do
      assert IO.iodata_to_binary(WebSocket.close_frame(1012, "é")) ==
               <<@close, 4, 1012::16, "é">>

      assert IO.iodata_to_binary(WebSocket.close_frame(nil, "")) == <<@close, 0>>
    end

    test "raises for what may not be sent" do
      for {code, reason} <- [
            {999, ""},
            {1004, ""},
            {1005, ""},
            {1006, ""},
            {1015, ""},
            {2999, ""},
            {5000, ""},
            {nil, "a"},
            {"1000", ""},
            {1000, <<255>>},
            {1000, nil},
            {1000, String.duplicate("a", 124)}
          ] do
        assert_raise ArgumentError, fn -> WebSocket.close_frame(code, reason) end
      end
    end

    test "is what read/2 would take" do
      for code <- Enum.concat([1000..1003, 1007..1014, 3000..4999]) do
        <<@close, 2, payload::binary>> = IO.iodata_to_binary(WebSocket.close_frame(code, ""))
        assert read([masked(@close, payload)]) == {:ok, [{:close, code, ""}]}
      end

      for code <- Enum.concat([0..999, 1004..1006, 1015..2999, [5000, 65_535]]) do
        assert {:error, [], {1002, _}} = read([masked(@close, <<code::16>>)])
      end
    end
  end

  defp masked(first, payload, mask \\ <<17, 34, 51, 68>>) do
    length =
      case byte_size(payload) do
        length when length < 126 -> <<1::1, length::7>>
        length when length < 65_536 -> <<1::1, 126::7, length::16>>
        length -> <<1::1, 127::7, length::64>>
      end

    long = :binary.copy(mask, div(byte_size(payload), 4) + 1)
    unmasked = :crypto.exor(payload, binary_part(long, 0, byte_size(payload)))
    <<first, length::binary, mask::binary, unmasked::binary>>
  end

  # All events of the chunks together, up to the first error.
  defp read(chunks) do
    websocket = WebSocket.new(max_frame_bytes: 5_000, max_message_bytes: 8_000)

    Enum.reduce_while(chunks, {:ok, []}, fn chunk, {:ok, events} ->
      case WebSocket.read(websocket, chunk) do
        {:ok, more} -> {:cont, {:ok, events ++ more}}
        {:error, more, fault} -> {:halt, {:error, events ++ more, fault}}
      end
    end)
  end

  defp read_in_slices(input) do
    websocket = EveryCheckpoint.websocket_new(5_000, 8_000)

    case EveryCheckpoint.websocket_read(websocket, input) do
      {:ok, events} -> {:ok, Enum.reverse(events)}
      {:error, events, fault} -> {:error, Enum.reverse(events), fault}
    end
  end

  defp random_chunks(""), do: []

  defp random_chunks(input) do
    size = min(:rand.uniform(:rand.uniform(3_000)), byte_size(input))
    {chunk, rest} = :erlang.split_binary(input, size)
    [chunk | random_chunks(rest)]
  end

  # Most of them are right; some are wrong in their text, their order, their length or a byte of their header.
  defp random_frame do
    first =
      Enum.random([
        @text,
        @binary,
        @ping,
        @pong,
        @text_begins,
        @more,
        @last,
        @last,
        @binary_begins
      ])

    length = Enum.random([0, 1, 5, 125, 126, 1_000, 4_999, 5_001])
    length = if first in [@ping, @pong], do: min(length, 125), else: length

    payload =
      case :rand.uniform(8) do
        1 -> :rand.bytes(length)
        _ -> :binary.copy("aé𝄞", div(length, 7) + 1) |> binary_part(0, length)
      end

    frame = masked(first, payload, :rand.bytes(4))

    case :rand.uniform(20) do
      1 -> <<:rand.uniform(255)>> <> binary_part(frame, 1, byte_size(frame) - 1)
      _ -> frame
    end
  end
end
