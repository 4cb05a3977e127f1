defmodule Cantilever.DataProcessorTest do
  use ExUnit.Case, async: true

  alias Cantilever.DataProcessor
  alias Cantilever.DataProcessor.Error

  doctest Cantilever.DataProcessor
  doctest Cantilever.DataProcessor.Error
  doctest Cantilever.DataProcessor.Progress

  defp mailbox, do: Process.info(self(), :messages)

  # Inside an item: the batch's own process.
  defp coordinator, do: hd(Process.get(:"$callers"))

  # Inside an item: tells the test who is there, and waits to be let go.
  defp meet(test, item) do
    send(test, {:here, item, self(), coordinator()})

    receive do
      :go -> item
    end
  end

  describe "process_batch/3" do
    test "gives the outcomes in the order of the input, whatever the enumerable" do
      for data <- [[], [1], 1..1_000, MapSet.new(1..50), Stream.map(1..777, & &1), %{a: 1, b: 2}],
          chunk_size <- [:auto, 1, 7, 5_000] do
        assert DataProcessor.process_batch(data, &{&1}, chunk_size: chunk_size) ==
                 Enum.map(data, &{:ok, {&1}})
      end

      assert mailbox() == {:messages, []}
    end

    test "keeps results that look like outcomes or failures as they are" do
      data = [nil, :error, {:error, :mine}, {:ok, 1}, false]
      assert DataProcessor.process_batch(data, & &1, chunk_size: 5) == Enum.map(data, &{:ok, &1})
    end

    test "keeps an early item that is slower than the late ones in its place" do
      test = self()

      task =
        Task.async(fn ->
          DataProcessor.process_batch(
            0..99,
            fn
              0 -> meet(test, 0)
              99 -> send(test, {:last, 99}) && 99
              item -> item
            end,
            max_concurrency: 2
          )
        end)

      assert_receive {:here, 0, worker, _coordinator}
      assert_receive {:last, 99}
      send(worker, :go)
      assert Task.await(task) == Enum.map(0..99, &{:ok, &1})
    end

    test "gives every outcome as it comes with ordered: false" do
      outcomes = DataProcessor.process_batch(1..5_000, & &1, ordered: false, chunk_size: 3)
      assert Enum.sort(outcomes) == Enum.map(1..5_000, &{:ok, &1})
    end

    test "tells raise, throw, exit, kill and timeout apart, each with its input and index" do
      fun = fn
        :raise -> raise ArgumentError, "no"
        :erlang_error -> :erlang.error(:badarith)
        :throw -> throw(:ball)
        :exit -> exit({:shutdown, :enough})
        :kill -> Process.exit(self(), :kill)
        :linked -> spawn_link(fn -> exit(:companion) end) && Process.sleep(:infinity)
        :timeout -> Process.sleep(:infinity)
        :fine -> :fine
      end

      data = [:fine, :raise, :erlang_error, :throw, :exit, :kill, :linked, :timeout, :fine]

      for chunk_size <- [1, 4, 9] do
        assert [
                 {:ok, :fine},
                 {:error,
                  %Error{
                    input: :raise,
                    index: 1,
                    kind: :raise,
                    reason: %ArgumentError{message: "no"}
                  } = raised},
                 {:error,
                  %Error{input: :erlang_error, index: 2, kind: :raise, reason: %ArithmeticError{}}},
                 {:error, %Error{input: :throw, index: 3, kind: :throw, reason: :ball}},
                 {:error,
                  %Error{input: :exit, index: 4, kind: :exit, reason: {:shutdown, :enough}}},
                 {:error, %Error{input: :kill, index: 5, kind: :kill, reason: :killed}},
                 {:error, %Error{input: :linked, index: 6, kind: :exit, reason: :companion}},
                 {:error,
                  %Error{input: :timeout, index: 7, kind: :timeout, reason: 500, attempts: 1}},
                 {:ok, :fine}
               ] = DataProcessor.process_batch(data, fun, timeout: 500, chunk_size: chunk_size)

        assert [{__MODULE__, _function, _arity, _place} | _more] = raised.stacktrace
      end

      assert mailbox() == {:messages, []}
    end

    test "runs each of 10,000 items once, however many others of its chunk die" do
      runs = :counters.new(10_000, [])

      for {chunk_size, seed} <- [{100, 1}, {:auto, 2}, {3, 3}] do
        :rand.seed(:exsss, seed)
        fates = List.to_tuple(for item <- 1..10_000, do: fate(item, :rand.uniform(1_000)))

        outcomes =
          DataProcessor.process_batch(
            1..10_000,
            fn item ->
              :counters.add(runs, item, 1)
              suffer(elem(fates, item - 1), item)
            end,
            timeout: 1_000,
            max_concurrency: 8,
            chunk_size: chunk_size
          )

        for {outcome, item} <- Enum.with_index(outcomes, 1) do
          case {elem(fates, item - 1), outcome} do
            {:none, {:ok, ^item}} ->
              :counters.put(runs, item, :counters.get(runs, item) - 1)

            {kind, {:error, %Error{kind: kind, input: ^item}}} ->
              :counters.put(runs, item, :counters.get(runs, item) - 1)

            other ->
              flunk("item #{item} became #{inspect(other)}")
          end
        end

        assert Enum.all?(1..10_000, &(:counters.get(runs, &1) == 0))
      end
    end

    test "lets an item exceed neither its own timeout nor have it shortened by the others of its chunk" do
      assert [{:ok, 1}, {:ok, 2}, {:ok, 3}, {:error, %{kind: :timeout}}, {:ok, 4}] =
               DataProcessor.process_batch(
                 [1, 2, 3, :hang, 4],
                 fn
                   :hang -> Process.sleep(:infinity)
                   item -> Process.sleep(400) && item
                 end,
                 timeout: 1_000,
                 chunk_size: 5
               )
    end

    test "waits without end with timeout: :infinity" do
      test = self()

      task =
        Task.async(fn -> DataProcessor.process_batch([1], &meet(test, &1), timeout: :infinity) end)

      assert_receive {:here, 1, worker, _coordinator}
      send(worker, :go)
      assert Task.await(task) == [ok: 1]
    end

    test "takes slow items out of a chunk that quick ones made large" do
      test = self()

      task =
        Task.async(fn ->
          DataProcessor.process_batch(
            1..50_004,
            fn item -> if item > 50_000, do: meet(test, item), else: item end,
            max_concurrency: 4,
            timeout: :infinity
          )
        end)

      workers =
        for item <- 50_001..50_004 do
          assert_receive {:here, ^item, worker, _coordinator}
          worker
        end

      Enum.each(workers, &send(&1, :go))
      assert Task.await(task) == Enum.map(1..50_004, &{:ok, &1})
    end

    test "runs no more than max_concurrency tasks at a time, and that many" do
      test = self()

      task =
        Task.async(fn ->
          DataProcessor.process_batch(1..9, &meet(test, &1), max_concurrency: 3, chunk_size: 1)
        end)

      for first <- [1, 4, 7] do
        workers =
          for item <- first..(first + 2) do
            assert_receive {:here, ^item, worker, _coordinator}
            worker
          end

        next = first + 3
        refute_received {:here, ^next, _worker, _coordinator}
        Enum.each(workers, &send(&1, :go))
      end

      assert Task.await(task) == Enum.map(1..9, &{:ok, &1})
    end

    test "tries failed items again, and only those" do
      tries = :counters.new(40, [])

      fun = fn item ->
        :counters.add(tries, item, 1)

        case {rem(item, 5), :counters.get(tries, item)} do
          {1, count} when count < 3 -> raise "not yet"
          {2, 1} -> Process.exit(self(), :kill)
          {3, _always} -> throw(:never)
          _well -> item
        end
      end

      for chunk_size <- [:auto, 8, 40] do
        Enum.each(1..40, &:counters.put(tries, &1, 0))
        outcomes = DataProcessor.process_batch(1..40, fun, retries: 2, chunk_size: chunk_size)

        for {outcome, item} <- Enum.with_index(outcomes, 1) do
          if rem(item, 5) == 3 do
            assert {:error, %Error{kind: :throw, attempts: 3, input: ^item}} = outcome
          else
            assert outcome == {:ok, item}
          end

          expected = elem({1, 3, 2, 3, 1}, rem(item, 5))
          assert :counters.get(tries, item) == expected
        end
      end
    end

    test "lets the enumerable's own exception through, closes it once and kills the tasks" do
      test = self()

      data =
        Stream.resource(
          fn -> 1 end,
          fn
            3 ->
              # Only when both items run is there somebody to kill.
              for item <- [1, 2] do
                receive do
                  {:here, ^item, worker, _coordinator} ->
                    send(test, {:down, Process.monitor(worker)})
                end
              end

              raise "the source is broken"

            item ->
              {[item], item + 1}
          end,
          fn _item -> send(test, :closed) end
        )

      assert_raise RuntimeError, "the source is broken", fn ->
        DataProcessor.process_batch(data, &meet(test, &1), max_concurrency: 3, chunk_size: 1)
      end

      for _worker <- 1..2 do
        assert_received {:down, ref}
        assert_receive {:DOWN, ^ref, :process, _pid, :killed}
      end

      assert_received :closed
      assert mailbox() == {:messages, []}
    end

    test "stops at once when the caller is killed, also inside code that traps exits" do
      test = self()

      caller =
        spawn(fn ->
          DataProcessor.process_batch(
            1..100,
            fn item ->
              Process.flag(:trap_exit, true)
              meet(test, item)
            end,
            max_concurrency: 4,
            timeout: :infinity
          )
        end)

      pids =
        for item <- 1..4 do
          assert_receive {:here, ^item, worker, coordinator}
          [worker, coordinator]
        end

      refs = pids |> List.flatten() |> Enum.uniq() |> Enum.map(&Process.monitor/1)
      assert length(refs) == 5
      Process.exit(caller, :kill)
      for ref <- refs, do: assert_receive({:DOWN, ^ref, :process, _pid, _reason})
    end

    test "takes its tasks along when the batch's own process is killed, and the caller learns of it" do
      test = self()

      {caller, caller_ref} =
        spawn_monitor(fn ->
          DataProcessor.process_batch([1, 2], &meet(test, &1), max_concurrency: 2)
        end)

      assert_receive {:here, 1, first, coordinator}
      assert_receive {:here, 2, second, ^coordinator}
      refs = Enum.map([first, second], &Process.monitor/1)
      Process.exit(coordinator, :kill)
      for ref <- refs, do: assert_receive({:DOWN, ^ref, :process, _pid, :killed})
      assert_receive {:DOWN, ^caller_ref, :process, ^caller, {reason, _call}}
      assert reason in [:killed, :noproc]
    end

    test "leaves no process behind" do
      [{:ok, {worker, coordinator}}] =
        DataProcessor.process_batch([1], fn _item -> {self(), coordinator()} end)

      for pid <- [worker, coordinator] do
        ref = Process.monitor(pid)
        assert_receive {:DOWN, ^ref, :process, ^pid, _reason}
      end
    end

    test "runs beside other messages in the caller's mailbox and leaves them alone" do
      Enum.each(1..100, &send(self(), &1))
      assert length(DataProcessor.process_batch(1..1_000, & &1)) == 1_000
      assert mailbox() == {:messages, Enum.to_list(1..100)}
    end

    test "survives a function that tampers with its process" do
      fun = fn item ->
        :erlang.erase()
        Process.flag(:trap_exit, true)
        for pid <- elem(Process.info(self(), :links), 1), is_pid(pid), do: Process.unlink(pid)
        if item == 5, do: Process.exit(self(), :kill), else: item
      end

      outcomes = DataProcessor.process_batch(1..10, fun, chunk_size: 10)
      assert {:error, %Error{kind: :kill, input: 5}} = Enum.at(outcomes, 4)
      assert List.delete_at(outcomes, 4) == Enum.map([1, 2, 3, 4, 6, 7, 8, 9, 10], &{:ok, &1})
    end

    test "gives its tasks the caller's group leader and names the caller among $callers" do
      test = self()
      leader = Process.group_leader()

      assert [{:ok, {^leader, callers}}] =
               DataProcessor.process_batch([1], fn _item ->
                 {Process.group_leader(), Process.get(:"$callers")}
               end)

      assert test in callers
    end

    test "nests" do
      inner = fn item -> DataProcessor.process_batch(1..item, &(&1 * item)) end

      assert DataProcessor.process_batch(1..5, inner) ==
               Enum.map(1..5, fn item -> {:ok, Enum.map(1..item, &{:ok, &1 * item})} end)
    end

    test "says how to start the application where it is not running" do
      code = "Cantilever.DataProcessor.process_batch([1], & &1)"
      assert {output, 1} = Cantilever.ChildVM.run(code)
      assert output =~ "(RuntimeError) a batch needs the application :cantilever"
      assert output =~ "Application.ensure_all_started(:cantilever)"
      assert output =~ ~s|Mix.Task.run("app.start")|
    end

    test "names a wrong function or option" do
      assert_raise ArgumentError, ~r/function of one argument, got: 5/, fn ->
        DataProcessor.process_batch([], 5)
      end

      assert_raise ArgumentError, ~r/:max_concurency.*:max_concurrency/, fn ->
        DataProcessor.process_batch([], & &1, max_concurency: 1)
      end
    end
  end

  describe "process_batch!/3" do
    test "gives plain results in order" do
      assert DataProcessor.process_batch!(1..10_000, &(&1 * 2)) == Enum.map(1..10_000, &(&1 * 2))
    end

    test "raises the first failure and stops the rest" do
      test = self()

      fun = fn item ->
        meet(test, item)
        raise "bad luck"
      end

      task =
        Task.async(fn ->
          catch_error(DataProcessor.process_batch!([:hang, :bad], fun, max_concurrency: 2))
        end)

      assert_receive {:here, :hang, hanging, _coordinator}
      assert_receive {:here, :bad, bad, _coordinator}
      ref = Process.monitor(hanging)
      send(bad, :go)
      assert %Error{input: :bad, index: 1, kind: :raise} = error = Task.await(task)

      assert Exception.message(error) ==
               "item 1 of the batch, :bad, raised RuntimeError: bad luck"

      assert_receive {:DOWN, ^ref, :process, _pid, :killed}
    end
  end

  describe "stream/3" do
    test "does nothing before it is consumed" do
      test = self()
      stream = DataProcessor.stream([1], &send(test, {:ran, &1}))
      refute_received {:ran, 1}
      assert Enum.to_list(stream) == [ok: {:ran, 1}]
      assert_receive {:ran, 1}
    end

    test "equals Enum.map in both orders" do
      for chunk_size <- [:auto, 1, 10], ordered <- [true, false] do
        stream = DataProcessor.stream(1..3_000, &(-&1), ordered: ordered, chunk_size: chunk_size)
        outcomes = Enum.to_list(stream)

        outcomes =
          if ordered, do: outcomes, else: Enum.sort_by(outcomes, fn {:ok, result} -> -result end)

        assert outcomes == Enum.map(1..3_000, &{:ok, -&1})
      end
    end

    test "takes what it needs of an endless stream, then kills the tasks" do
      test = self()

      taken =
        Stream.iterate(0, &(&1 + 1))
        |> DataProcessor.stream(fn item -> if item == 0, do: item, else: meet(test, item) end,
          max_concurrency: 2
        )
        |> Stream.map(fn outcome ->
          assert_receive {:here, 1, worker, _coordinator}
          {outcome, Process.monitor(worker)}
        end)
        |> Enum.take(1)

      assert [{{:ok, 0}, ref}] = taken
      assert_receive {:DOWN, ^ref, :process, _pid, :killed}
      assert mailbox() == {:messages, []}
    end

    test "reads never more than max_concurrency * chunk_size items ahead of its consumer, also behind a straggler" do
      test = self()

      for ordered <- [true, false], chunk_size <- [1, 5] do
        limit = 3 * chunk_size
        [read, consumed, most_ahead] = Enum.map(1..3, fn _counter -> :counters.new(1, []) end)

        source =
          Stream.map(0..199, fn item ->
            :counters.add(read, 1, 1)
            ahead = :counters.get(read, 1) - :counters.get(consumed, 1)
            :counters.put(most_ahead, 1, max(ahead, :counters.get(most_ahead, 1)))
            item
          end)

        fun = fn item ->
          if item == 0, do: meet(test, item), else: send(test, {:computed, item})
        end

        options = [
          max_concurrency: 3,
          ordered: ordered,
          chunk_size: chunk_size,
          timeout: :infinity
        ]

        task =
          Task.async(fn ->
            source
            |> DataProcessor.stream(fun, options)
            |> Enum.each(fn _outcome -> :counters.add(consumed, 1, 1) end)
          end)

        assert_receive {:here, 0, straggler, _coordinator}
        last = if ordered, do: limit - 1, else: 199
        for item <- chunk_size..last, do: assert_receive({:computed, ^item})
        send(straggler, :go)
        assert Task.await(task) == :ok
        assert :counters.get(read, 1) == 200
        assert :counters.get(most_ahead, 1) in 2..limit

        for item <- 1..199,
            item not in chunk_size..last,
            do: assert_receive({:computed, ^item})
      end
    end

    test "stops an item at its timeout while the consumer is busy" do
      test = self()

      outcomes =
        [:quick, :hang]
        |> DataProcessor.stream(
          fn
            :quick -> :quick
            :hang -> meet(test, :hang)
          end,
          max_concurrency: 2,
          timeout: 500
        )
        |> Enum.map(fn
          {:ok, :quick} ->
            assert_receive {:here, :hang, worker, _coordinator}
            ref = Process.monitor(worker)
            assert_receive {:DOWN, ^ref, :process, ^worker, _reason}
            :busy

          outcome ->
            outcome
        end)

      assert [:busy, {:error, %Error{kind: :timeout, input: :hang}}] = outcomes
    end

    test "leaves no message when its consumer raises" do
      assert_raise RuntimeError, fn ->
        1..10_000
        |> DataProcessor.stream(& &1)
        |> Enum.each(fn {:ok, item} -> if item == 100, do: raise("enough") end)
      end

      assert mailbox() == {:messages, []}
    end

    test "can be zipped, suspended and consumed twice" do
      stream = DataProcessor.stream(1..100, &(&1 + 1))
      assert Enum.zip(stream, 1..3) == [{{:ok, 2}, 1}, {{:ok, 3}, 2}, {{:ok, 4}, 3}]
      assert Enum.count(stream) == 100
      assert mailbox() == {:messages, []}
    end
  end

  describe "the option :on_progress" do
    test "reports in the caller's process, at last with everything done" do
      test = self()
      fun = fn item -> if item == 7, do: raise("seven"), else: item end
      DataProcessor.process_batch(1..50, fun, on_progress: &send(test, {:progress, &1, self()}))
      assert [{last, ^test} | _earlier] = Enum.reverse(progress())
      assert %{done: 50, failed: 1, total: 50, finished?: true, left_ms: 0} = last
    end

    test "reports while an item takes its time" do
      test = self()

      task =
        Task.async(fn ->
          DataProcessor.process_batch(Stream.map([1], & &1), &meet(test, &1),
            on_progress: &send(test, {:progress, &1, self()})
          )
        end)

      assert_receive {:here, 1, worker, _coordinator}
      assert_receive {:progress, %{done: 0, total: nil, finished?: false}, _caller}
      send(worker, :go)
      assert Task.await(task) == [ok: 1]
    end

    test "stops the batch when it raises" do
      assert_raise RuntimeError, "no report", fn ->
        DataProcessor.process_batch(1..50, & &1,
          on_progress: fn _progress -> raise "no report" end
        )
      end

      assert mailbox() == {:messages, []}
    end

    test "prints lines where there is no terminal" do
      {:ok, device} = StringIO.open("")
      DataProcessor.process_batch(1..100, & &1, on_progress: {:bar, device})
      {"", output} = StringIO.contents(device)
      assert output =~ ~r{\A100/100 \(100 %\), \d+(\.\d)?/s, took \d+\.\d s\n\z}
    end
  end

  defp fate(item, _number) when item in [777, 5_000, 9_001], do: :timeout
  defp fate(_item, number) when number <= 8, do: :raise
  defp fate(_item, number) when number <= 12, do: :kill
  defp fate(_item, number) when number <= 16, do: :exit
  defp fate(_item, number) when number <= 20, do: :throw
  defp fate(_item, _number), do: :none

  defp suffer(:none, item), do: item
  defp suffer(:raise, _item), do: raise("doomed")
  defp suffer(:throw, _item), do: throw(:doomed)
  defp suffer(:kill, _item), do: Process.exit(self(), :kill)
  defp suffer(:timeout, _item), do: Process.sleep(:infinity)

  defp suffer(:exit, item) do
    if rem(item, 2) == 0, do: exit(:doomed), else: Process.exit(self(), :doomed)
  end

  defp progress do
    receive do
      {:progress, progress, pid} -> [{progress, pid} | progress()]
    after
      0 -> []
    end
  end
end
