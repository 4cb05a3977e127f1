defmodule Cantilever.MessageQueueTest do
  use ExUnit.Case, async: true

  import Cantilever.Eventually
  import ExUnit.CaptureLog

  alias Cantilever.MessageQueue
  alias Cantilever.MessageQueue.Error

  @moduletag :capture_log

  doctest Cantilever.MessageQueue
  doctest Cantilever.MessageQueue.Error

  # A commit function that tells the test what it was given, and does what the test says.
  defp obey(test) do
    fn messages ->
      send(test, {:commit, self(), messages})

      receive do
        {:do, action} -> action.(messages)
      end
    end
  end

  defp store(messages), do: {:ok, Enum.map(messages, &{:ok, {:stored, &1}})}

  # Without time to drain, as the test that its committer waits for has ended.
  defp start!(options),
    do: start_supervised!({MessageQueue, [batch_window_ms: 0, drain_timeout_ms: 0] ++ options})

  defp tell(committer, action), do: send(committer, {:do, action})

  # Puts from a process of its own; the answer comes to the test.
  defp put(queue, message, options \\ [timeout: :infinity]) do
    test = self()

    spawn_link(fn -> send(test, {:answer, message, MessageQueue.put(queue, message, options)}) end)
  end

  # Puts one after the other, so that the queue has them in this order.
  defp put_in_order(queue, messages, options \\ [timeout: :infinity]) do
    for message <- messages do
      :ok =
        MessageQueue.put_async(
          queue,
          message,
          options ++ [reply_to: {self(), {:answer, message}}]
        )
    end
  end

  defp committed(messages) do
    assert_receive {:commit, committer, ^messages}
    committer
  end

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

    test "raises for wrong options only" do
      queue = start!(commit: &store/1)

      for options <- [
            [timeout: 0],
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

      assert [_before, _after] =
               String.split(log, "cannot store messages and goes on trying: :disk_full")

      assert log =~ "stores messages again"
    end

    test "lets those go whose timeout passes" do
      queue =
        start!(
          commit: fn _ -> {:error, :away} end,
          backoff_min_ms: 60_000,
          backoff_max_ms: 60_000
        )

      put(queue, "a", timeout: 50)
      assert_receive {:answer, "a", {:error, %Error{reason: :timeout} = error}}
      assert error.cause == :away
      assert %{messages: 0} = MessageQueue.info(queue)
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
      assert log =~ "message_queue_test.exs"
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

  describe "a queue that is killed" do
    test "answers its senders at once, and takes its committer along" do
      queue = start!(commit: obey(self()))
      put(queue, "a")
      committer = committed(["a"])
      put(queue, "b")
      eventually(fn -> match?(%{messages: 2}, MessageQueue.info(queue)) end)
      monitor = Process.monitor(committer)
      Process.exit(queue, :kill)

      for message <- ["a", "b"] do
        assert_receive {:answer, ^message, {:error, %Error{reason: :unconfirmed} = error}}
        assert Exception.message(error) =~ "killed"
      end

      assert_receive {:DOWN, ^monitor, :process, ^committer, :killed}
    end
  end

  describe "shutdown" do
    # Stops the queue from another process, as the test has to serve its committer meanwhile.
    defp stop(queue) do
      test = self()
      spawn_link(fn -> send(test, {:stopped, GenServer.stop(queue, :shutdown, :infinity)}) end)
      queue
    end

    defp start_temporary!(options) do
      start_supervised!(
        Supervisor.child_spec({MessageQueue, [batch_window_ms: 0] ++ options}, restart: :temporary)
      )
    end

    # Until it refuses, it has not heard of it yet.
    defp refuses(queue, message) do
      case MessageQueue.put(queue, message, timeout: 1) do
        {:error, %Error{reason: :stopped}} -> :ok
        {:error, %Error{reason: :timeout}} -> refuses(queue, message)
      end
    end

    test "stores all that it holds, and refuses the rest" do
      queue =
        start_temporary!(
          commit: obey(self()),
          backoff_min_ms: 1,
          backoff_max_ms: 1,
          batch_messages: 2,
          drain_timeout_ms: 60_000
        )

      put_in_order(queue, 1..4)
      committer = committed([1])
      stop(queue)
      refuses(queue, 5)
      assert %{messages: 4} = MessageQueue.info(queue)
      tell(committer, fn _ -> {:error, :away} end)
      committed([1])
      Process.exit(committer, :kill)
      assert_receive {:commit, committer, [2, 3]}
      tell(committer, &store/1)
      committed([4])
      tell(committer, &store/1)
      assert_receive {:stopped, :ok}
      assert_receive {{:answer, 1}, {:error, %Error{reason: :unconfirmed}}}
      for number <- 2..4, do: assert_receive({{:answer, ^number}, {:ok, {:stored, ^number}}})
    end

    test "gives up when its time is over, and says which messages are not stored" do
      queue = start_temporary!(commit: obey(self()), batch_messages: 1, drain_timeout_ms: 20)
      put_in_order(queue, [1, 2])
      monitor = Process.monitor(committed([1]))
      stop(queue)
      assert_receive {:stopped, :ok}
      assert_receive {{:answer, 1}, {:error, %Error{reason: :unconfirmed}}}
      assert_receive {{:answer, 2}, {:error, %Error{reason: :stopped}}}
      assert_receive {:DOWN, ^monitor, :process, _committer, :killed}
    end

    test "of a supervisor drains, too" do
      {:ok, supervisor} =
        Supervisor.start_link([{MessageQueue, commit: &store/1, batch_window_ms: 60_000}],
          strategy: :one_for_one
        )

      [{_id, queue, _type, _modules}] = Supervisor.which_children(supervisor)
      put_in_order(queue, 1..3)
      :ok = Supervisor.stop(supervisor)
      for number <- 1..3, do: assert_receive({{:answer, ^number}, {:ok, {:stored, ^number}}})
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

  describe "10,000 messages of 1,000 processes" do
    @senders 1_000
    @each 10

    # As a store would, which is sometimes away and sometimes dies; what it has stored is in the table.
    defp unreliable(table) do
      fn messages ->
        case :rand.uniform(10) do
          1 ->
            {:error, :away}

          2 ->
            exit(:died_before)

          3 ->
            :ets.insert(table, {:erlang.unique_integer([:monotonic]), messages})
            exit(:died_after)

          _good ->
            :ets.insert(table, {:erlang.unique_integer([:monotonic]), messages})
            store(messages)
        end
      end
    end

    defp send_all(queue) do
      1..@senders
      |> Enum.map(fn sender ->
        Task.async(fn ->
          for number <- 1..@each do
            message = {sender, number}
            {message, MessageQueue.put(queue, message, timeout: :infinity, key: sender)}
          end
        end)
      end)
      |> Task.await_many(:infinity)
      |> List.flatten()
    end

    test "are stored in the order of each sender, once" do
      table = :ets.new(:stored, [:public, :ordered_set])

      commit = fn messages ->
        :ets.insert(table, {:erlang.unique_integer([:monotonic]), messages}) && store(messages)
      end

      queue = start!(commit: commit, batch_window_ms: 2)

      assert Enum.all?(send_all(queue), fn {message, answer} ->
               answer == {:ok, {:stored, message}}
             end)

      stored = for {_order, messages} <- :ets.tab2list(table), message <- messages, do: message
      assert length(stored) == @senders * @each

      for {sender, messages} <- Enum.group_by(stored, &elem(&1, 0)) do
        assert messages == for(number <- 1..@each, do: {sender, number})
      end
    end

    test "are told the truth when the store is not to be relied on" do
      table = :ets.new(:stored, [:public, :ordered_set])

      queue =
        start!(
          commit: unreliable(table),
          batch_messages: 50,
          backoff_min_ms: 1,
          backoff_max_ms: 2
        )

      answers = send_all(queue)
      stored = for {_order, messages} <- :ets.tab2list(table), message <- messages, do: message
      assert Enum.uniq(stored) == stored
      assert length(answers) == @senders * @each
      known = MapSet.new(stored)

      for {message, answer} <- answers do
        case answer do
          {:ok, {:stored, ^message}} -> assert message in known
          {:error, %Error{reason: :unconfirmed}} -> :ok
        end
      end

      assert %{messages: 0, bytes: 0, keys: 0} = MessageQueue.info(queue)
    end
  end
end
