defmodule Cantilever.MessageQueue.ShutdownTest do
  use Cantilever.QueueCase

  import Cantilever.Eventually

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
        Supervisor.start_link(
          [{MessageQueue, commit: &store/1, batch_window_ms: 60_000, batch_siblings: 0}],
          strategy: :one_for_one
        )

      [{_id, queue, _type, _modules}] = Supervisor.which_children(supervisor)
      put_in_order(queue, 1..3)
      :ok = Supervisor.stop(supervisor)
      for number <- 1..3, do: assert_receive({{:answer, ^number}, {:ok, {:stored, ^number}}})
    end
  end
end
