defmodule Cantilever.MessageQueue.CommitTest do
  use Cantilever.QueueCase

  import Cantilever.Eventually

  describe "a commit that says that nothing was stored" do
    test "is tried again with the same messages until it works, and nothing overtakes" do
      queue = start!(commit: obey(self()), backoff_min_ms: 1, backoff_max_ms: 2)
      put(queue, "a")
      committer = committed(["a"])
      put_in_order(queue, ["b"])

      log =
        capture_log(fn ->
          for _time <- 1..5 do
            tell(committer, fn _ -> {:error, :disk_full} end)
            committed(["a"])
          end

          assert %{failures: 5, last_error: :disk_full, messages: 2} = MessageQueue.info(queue)
          tell(committer, &store/1)
          committed(["b"])
        end)

      assert_receive {:answer, "a", {:ok, {:stored, "a"}}}
      assert %{failures: 0, last_error: nil, failing_ms: nil} = MessageQueue.info(queue)

      assert [_before, _after] = String.split(log, "#{inspect(queue)} cannot store messages")
      assert log =~ "#{inspect(queue)} stores messages again"
    end

    test "lets those go whose timeout passes" do
      queue = start!(commit: obey(self()), backoff_min_ms: 60_000, backoff_max_ms: 60_000)
      put(queue, "a")
      tell(committed(["a"]), fn _ -> {:error, :away} end)
      eventually(fn -> MessageQueue.info(queue).failures == 1 end)
      assert {:error, %Error{reason: :timeout} = error} = MessageQueue.put(queue, "b", timeout: 1)
      assert error.cause == :away
      assert %{messages: 1} = MessageQueue.info(queue)
    end
  end

  describe "a commit of which nobody can tell what became" do
    test "is not tried again, and the queue goes on" do
      queue = start!(commit: obey(self()))

      for {action, words} <- [
            {fn _ -> raise "no such luck" end, "no such luck"},
            {fn _ -> :erlang.error(:badarg) end, "argument error"},
            {fn _ -> throw(:ball) end, ":ball"},
            {fn _ -> exit(:gone) end, ":gone"},
            {fn _ -> Process.exit(self(), :kill) end, ":killed"},
            {fn _ -> {:unknown, :power_cut} end, ":power_cut"},
            {fn _ -> :ok end, "returned :ok"},
            {fn _ -> {:ok, []} end, "returned {:ok, []}"},
            {fn _ -> {:ok, [{:ok, 1}, {:ok, 2}]} end, "each of the 1 messages"},
            {fn _ -> {:ok, [:stored]} end, "returned {:ok, [:stored]}"},
            {fn _ -> {:ok, [{:ok, 1} | :improper]} end, "improper"}
          ] do
        put(queue, words)

        log =
          capture_log(fn ->
            tell(committed([words]), action)
            assert_receive {:answer, ^words, {:error, %Error{reason: :unconfirmed} = error}}
            assert Exception.message(error) =~ words
          end)

        assert log =~ words
      end

      put(queue, "after")
      tell(committed(["after"]), &store/1)
      assert_receive {:answer, "after", {:ok, {:stored, "after"}}}
    end

    test "leaves those that wait behind it in the queue" do
      queue = start!(commit: obey(self()))
      put(queue, "a")
      committer = committed(["a"])
      put_in_order(queue, ["b"])
      Process.exit(committer, :kill)
      assert_receive {:answer, "a", {:error, %Error{reason: :unconfirmed}}}
      tell(committed(["b"]), &store/1)
      assert_receive {{:answer, "b"}, {:ok, {:stored, "b"}}}
    end

    test "shows where it was raised" do
      queue = start!(commit: fn _ -> raise "no such luck" end)
      log = capture_log(fn -> MessageQueue.put(queue, "a") end)
      assert log =~ "commit_test.exs"
    end
  end

  test "a committer that is killed while it has nothing to do is replaced" do
    queue = start!(commit: obey(self()))
    put(queue, "a")
    committer = committed(["a"])
    tell(committer, &store/1)
    assert_receive {:answer, "a", {:ok, _}}
    Process.exit(committer, :kill)
    put(queue, "b")
    assert_receive {:commit, another, ["b"]}
    assert another != committer
  end

  test "a commit function is not troubled by late messages of the one before" do
    queue = start!(commit: obey(self()))
    put(queue, "a")
    committer = committed(["a"])
    tell(committer, &store/1)
    assert_receive {:answer, "a", {:ok, _}}
    send(committer, :late)
    put(queue, "b")
    ^committer = committed(["b"])
    assert Process.info(committer, :message_queue_len) == {:message_queue_len, 0}
  end

  test "the commit function may be given by name, with arguments of its own" do
    queue = start!(commit: {__MODULE__, :store_as, [:room]})
    assert MessageQueue.put(queue, "a") == {:ok, {:room, "a"}}
  end

  def store_as(messages, what), do: {:ok, Enum.map(messages, &{:ok, {what, &1}})}
end
