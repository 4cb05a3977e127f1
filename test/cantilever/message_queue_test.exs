defmodule Cantilever.MessageQueueTest do
  use Cantilever.QueueCase

  doctest Cantilever.MessageQueue
  doctest Cantilever.MessageQueue.Error

  describe "put/3" do
    test "acknowledges after the commit, and not before" do
      queue = start!(commit: obey(self()))
      put(queue, "a")
      committer = committed(["a"])
      assert %{messages: 1, in_batch: 1} = MessageQueue.info(queue)
      refute_received {:answer, _, _}
      tell(committer, &store/1)
      assert_receive {:answer, "a", {:ok, {:stored, "a"}}}
      assert %{messages: 0, bytes: 0, batches: 1} = MessageQueue.info(queue)
    end

    test "gathers what comes while a commit runs" do
      queue = start!(commit: obey(self()))
      put(queue, 0)
      committer = committed([0])
      put_in_order(queue, 1..5)
      assert %{messages: 6, in_batch: 1} = MessageQueue.info(queue)
      tell(committer, &store/1)
      ^committer = committed([1, 2, 3, 4, 5])
      tell(committer, &store/1)
      for number <- 1..5, do: assert_receive({{:answer, ^number}, {:ok, {:stored, ^number}}})
    end

    test "tells each sender what became of his message" do
      queue = start!(commit: obey(self()))
      put(queue, "a")
      committer = committed(["a"])
      put_in_order(queue, ["b", "c", "d"])
      tell(committer, &store/1)
      committed(["b", "c", "d"])
      tell(committer, fn _ -> {:ok, [{:ok, 1}, {:error, :too_long}, {:ok, 3}]} end)
      assert_receive {{:answer, "b"}, {:ok, 1}}
      assert_receive {{:answer, "c"}, {:error, %Error{reason: :refused, cause: :too_long}}}
      assert_receive {{:answer, "d"}, {:ok, 3}}
    end

    test "is refused at once when a bound is reached, while the commit hangs" do
      queue = start!(commit: obey(self()), max_messages: 3, max_per_key: 2, max_bytes: 100)
      put_in_order(queue, ["a", "b"], key: 1, bytes: 10)
      committer = committed(["a"])
      assert {:error, %Error{reason: :overloaded}} = MessageQueue.put(queue, "c", key: 1)
      assert {:error, %Error{reason: :overloaded}} = MessageQueue.put(queue, "c", bytes: 81)
      assert {:error, %Error{reason: :too_large}} = MessageQueue.put(queue, "c", bytes: 101)
      put_in_order(queue, ["c"], key: 2, bytes: 80)
      assert {:error, %Error{reason: :overloaded}} = MessageQueue.put(queue, "d", bytes: 0)
      tell(committer, &store/1)
      committed(["b", "c"])
      put(queue, "d", bytes: 0)
      tell(committer, &store/1)
      committed(["d"])
    end

    test "measures messages that nobody has measured" do
      queue = start!(commit: obey(self()), max_bytes: 1_000)

      assert {:error, %Error{reason: :too_large}} =
               MessageQueue.put(queue, :binary.copy("x", 1_000))
    end

    test "takes a message out whose timeout passes, and does not store it later" do
      queue = start!(commit: obey(self()))
      put(queue, "a")
      committer = committed(["a"])
      assert {:error, %Error{reason: :timeout}} = MessageQueue.put(queue, "b", timeout: 1)
      put_in_order(queue, ["c"])
      tell(committer, &store/1)
      committed(["c"])
    end

    test "does not know of a message whose timeout passes while it is stored" do
      queue = start!(commit: obey(self()))
      assert {:error, %Error{reason: :unconfirmed}} = MessageQueue.put(queue, "a", timeout: 1)
      tell(committed(["a"]), &store/1)
      put(queue, "b")
      committed(["b"])
    end

    test "takes a message out at once that may not wait at all" do
      queue = start!(commit: obey(self()))
      assert {:error, %Error{reason: :timeout}} = MessageQueue.put(queue, "a", timeout: 0)
      put(queue, "b")
      committed(["b"])
    end

    test "raises for wrong options only" do
      queue = start!(commit: &store/1)

      for options <- [
            [timeout: -1],
            [timeout: 1.5],
            [bytes: -1],
            [keys: 1],
            [reply_to: {self(), 1}]
          ] do
        error = assert_raise ArgumentError, fn -> MessageQueue.put(queue, "a", options) end
        assert error.message =~ inspect(options |> Keyword.keys() |> hd())
      end

      assert_raise ArgumentError, ~r/keyword list/, fn -> MessageQueue.put(queue, "a", %{}) end
      assert_raise ArgumentError, fn -> MessageQueue.put_async(queue, "a", reply_to: self()) end
    end
  end

  describe "put_async/3" do
    test "answers as GenServer.reply/2 does, so that another process can wait" do
      queue = start!(commit: &store/1)

      between =
        spawn_link(fn ->
          receive do
            {:"$gen_call", from, message} ->
              MessageQueue.put_async(queue, message, reply_to: from)
          end

          receive do: (:never -> :ok)
        end)

      assert GenServer.call(between, "a") == {:ok, {:stored, "a"}}
    end

    test "needs nobody who waits" do
      queue = start!(commit: obey(self()))
      assert MessageQueue.put_async(queue, "a") == :ok
      tell(committed(["a"]), &store/1)
      assert MessageQueue.put_async(:nobody_started_it, "a") == :ok
    end

    test "says that the queue does not run" do
      ref = make_ref()
      assert MessageQueue.put_async(:nobody_started_it, "a", reply_to: {self(), ref}) == :ok
      assert_received {^ref, {:error, %Error{reason: :stopped}}}
    end
  end

  describe "start_link/1 and child_spec/1" do
    test "name the option that is wrong, unknown or missing" do
      for options <- [
            [commit: :insert],
            [commit: fn -> :ok end],
            [max_messages: 0],
            [batch_window_ms: -1],
            [size: 3],
            [name: "queue"]
          ] do
        options = Keyword.put_new(options, :commit, &store/1)
        error = assert_raise ArgumentError, fn -> MessageQueue.start_link(options) end
        assert error.message =~ "a message queue"
        assert_raise ArgumentError, fn -> MessageQueue.child_spec(options) end
      end

      assert_raise ArgumentError, ~r/:commit of a message queue is missing/, fn ->
        MessageQueue.start_link([])
      end
    end

    test "give a queue its name, and the time that it needs to drain" do
      name = :"#{__MODULE__}.Named"
      spec = MessageQueue.child_spec(commit: &store/1, name: name, drain_timeout_ms: 7_000)
      assert %{id: ^name, shutdown: 8_000} = spec
      start_supervised!(spec)
      assert MessageQueue.put(name, "a") == {:ok, {:stored, "a"}}
    end
  end
end
