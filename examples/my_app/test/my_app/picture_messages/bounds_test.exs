defmodule MyApp.PictureMessages.BoundsTest do
  # What a picture costs others: the test decides when a thumbnail is made.
  use MyApp.PicturesCase, async: false

  @moduletag pictures: [thumbnail: &MyApp.PicturesCase.obedient/2, at_once: 1]

  setup do
    Process.register(self(), MyApp.PicturesCase)
    :ok
  end

  defp made, do: {:ok, fixture("gradient.webp")}

  # The process that makes a thumbnail, which waits for the test.
  defp asked do
    assert_receive {:asked, process, _picture}
    process
  end

  describe "a picture that" do
    test "crashes costs itself alone", context do
      ExUnit.CaptureLog.capture_log(fn ->
        for {crash, said} <- [
              {fn -> raise ArgumentError, "what is this" end, "what is this"},
              {fn -> exit(:broken) end, ":broken"},
              {fn -> throw(:broken) end, ":broken"},
              {fn -> Process.exit(self(), :kill) end, ":killed"}
            ] do
          task = posting(context, "ask: crash")
          process = asked()
          send(process, {:do, crash})
          assert {:error, {:crashed, message}} = Task.await(task)
          assert message =~ said
        end
      end)

      assert {:ok, _posted} = post(context, fixture("gradient.png"))
    end

    @tag pictures: [thumbnail: &MyApp.PicturesCase.obedient/2, picture_timeout: 1_000]
    test "hangs is given up, and text goes on meanwhile", context do
      task = posting(context, "ask: hang")
      process = asked()
      assert {:ok, 1} = Chat.broadcast(context.chat, "lobby", "bob", %{text: "Hi"})
      assert_receive {:cantilever_chat, "message", %{seq: 1}}

      assert {:error, {:timeout, message}} = Task.await(task)
      assert message =~ "took longer than 1000 ms"
      refute Process.alive?(process)
      assert stored(context) == 0
      assert {:ok, %{seq: 2}} = post(context, fixture("gradient.png"))
    end

    test "has lost its sender is not made any more", context do
      victim = victim(context, "ask: never")
      process = asked()
      monitor = Process.monitor(process)
      kill(victim)
      assert_receive {:DOWN, ^monitor, :process, ^process, _reason}

      assert {:ok, %{seq: 1}} = post(context, fixture("gradient.png"))
      assert stored(context) == 1
    end
  end

  describe "the limits" do
    @tag pictures: [
           thumbnail: &MyApp.PicturesCase.obedient/2,
           at_once: 1,
           max_waiting: 1
         ]
    test "let one in, have one wait, and refuse the others at once", context do
      first = posting(context, "ask: first", user: "ann")
      process = asked()
      second = posting(context, fixture("gradient.png"), user: "bob")
      until_waiting(context, 1)

      assert {:error, {:overloaded, message}} = post(context, "ask: third", user: "eve")
      assert message == "1 pictures are waiting already"

      send(process, {:do, &made/0})
      # What was asked for is no picture.
      assert {:error, {:malformed, _message}} = Task.await(first)
      assert {:ok, %{seq: 1}} = Task.await(second)
      assert {:ok, %{seq: 2}} = post(context, fixture("gradient.png"), user: "eve")
    end

    test "give up who waits too long, and forget who dies waiting", context do
      first = posting(context, "ask: first", user: "ann")
      process = asked()

      assert {:error, {:timeout, _message}} =
               post(context, fixture("gradient.png"), user: "bob", timeout: 20)

      victim = victim(context, "ask: second", user: "bob")
      until_waiting(context, 1)
      kill(victim)
      until_waiting(context, 0)

      send(process, {:do, fn -> {:error, {:malformed, "no picture"}} end})
      assert {:error, {:malformed, "no picture"}} = Task.await(first)
      assert {:ok, %{seq: 1}} = post(context, fixture("gradient.png"), user: "bob")
      refute_received {:asked, _process, "ask: second"}
    end

    @tag pictures: [thumbnail: &MyApp.PicturesCase.obedient/2, at_once: 4, per_user: 1]
    test "are each user's own too", context do
      task = posting(context, "ask: first", user: "ann")
      process = asked()

      assert {:error, {:overloaded, message}} = post(context, "ask: second", user: "ann")
      assert message == "the user has 1 pictures under way already"
      assert {:ok, _posted} = post(context, fixture("gradient.png"), user: "bob")

      send(process, {:do, fn -> {:error, {:malformed, "no picture"}} end})
      assert {:error, {:malformed, _message}} = Task.await(task)
      assert {:ok, _posted} = post(context, fixture("gradient.png"), user: "ann")
    end
  end

  # Its state is all that tells that somebody waits: who waits has no answer yet.
  defp until_waiting(context, count) do
    waiting = :sys.get_state(Module.concat(context.pictures, Gate)).waiting
    unless length(waiting) == count, do: until_waiting(context, count)
  end
end
