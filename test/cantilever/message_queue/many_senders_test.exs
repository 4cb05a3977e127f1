defmodule Cantilever.MessageQueue.ManySendersTest do
  use Cantilever.QueueCase

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

      queue = start!(commit: commit, batch_window_ms: 2, batch_siblings: 2)

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

    # Until it is acknowledged, as one does who can tell that a message is there already.
    defp insist(queue, message) do
      case MessageQueue.put(queue, message, timeout: :infinity) do
        {:ok, receipt} ->
          receipt

        {:error, %Error{reason: reason}} when reason in [:stopped, :unconfirmed] ->
          insist(queue, message)
      end
    end

    defp kill(_name, 0), do: :ok

    defp kill(name, times) do
      case GenServer.whereis(name) do
        nil ->
          kill(name, times)

        pid ->
          monitor = Process.monitor(pid)
          Process.exit(pid, :kill)
          assert_receive {:DOWN, ^monitor, :process, ^pid, _reason}
          kill(name, times - 1)
      end
    end

    test "ride over a queue that is killed again and again" do
      table = :ets.new(:stored, [:public, :duplicate_bag])
      name = :"#{__MODULE__}.Killed"

      commit = fn messages ->
        :ets.insert(table, Enum.map(messages, &{&1}))
        store(messages)
      end

      start_supervised!(%{
        id: :supervisor,
        start:
          {Supervisor, :start_link,
           [
             [{MessageQueue, name: name, commit: commit}],
             [strategy: :one_for_one, max_restarts: 1_000]
           ]}
      })

      senders =
        for sender <- 1..100 do
          Task.async(fn -> for number <- 1..20, do: insist(name, {sender, number}) end)
        end

      kill(name, 50)
      receipts = senders |> Task.await_many(:infinity) |> List.flatten()
      assert length(receipts) == 2_000
      for {:stored, message} <- receipts, do: assert(:ets.member(table, message))
    end
  end
end
