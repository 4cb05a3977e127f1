defmodule Cantilever.DataProcessor.SpanTest do
  use ExUnit.Case, async: true

  alias Cantilever.DataProcessor
  alias Cantilever.DataProcessor.Error

  # The events of batches that this test's process runs.
  setup do
    test = self()
    id = make_ref()
    events = for [_, :batch, _] = event <- Cantilever.Telemetry.events(), do: event

    :ok =
      :telemetry.attach_many(
        id,
        events,
        fn [:cantilever, :batch, name], measurements, metadata, _config ->
          if self() == test, do: send(test, {name, measurements, metadata})
        end,
        nil
      )

    on_exit(fn -> :telemetry.detach(id) end)
  end

  defp divide(0), do: raise("zero")
  defp divide(item), do: div(12, item)

  # What a batch was reported as: its start, and the one event that ended it.
  defp reported do
    assert_received {:start, started, metadata}
    assert %{system_time: _, monotonic_time: from} = started
    assert is_reference(metadata.telemetry_span_context)
    assert_received {ending, measurements, ended} when ending in [:stop, :exception]
    assert Map.take(ended, Map.keys(metadata)) == metadata
    assert %{duration: duration, monotonic_time: to} = measurements
    assert duration == to - from
    refute_received {_name, _measurements, %{telemetry_span_context: _}}
    {ending, Map.drop(measurements, [:duration, :monotonic_time]), ended}
  end

  describe "process_batch/3" do
    test "is a span that counts its outcomes" do
      fun = &divide/1

      assert [{:ok, 12}, {:error, _}, {:ok, 6}] =
               DataProcessor.process_batch([1, 0, 2], fun, timeout: 700)

      assert {:stop, counts, metadata} = reported()
      assert counts == %{items: 3, ok: 2, errors: 1}
      assert %{call: :process_batch, function: ^fun} = metadata
      assert %{timeout: 700, retries: 0, chunk_size: :auto, ordered: true} = metadata.options
      assert metadata.options.max_concurrency == System.schedulers_online()
    end

    test "ends with an exception when its input raises" do
      input = Stream.map(1..3, fn _ -> raise ArgumentError, "no input" end)
      assert_raise ArgumentError, fn -> DataProcessor.process_batch(input, & &1) end
      assert {:exception, %{}, metadata} = reported()
      assert %{kind: :error, reason: %ArgumentError{message: "no input"}} = metadata
      assert [_ | _] = metadata.stacktrace
    end

    test "has no span when its options are wrong" do
      assert_raise ArgumentError, fn -> DataProcessor.process_batch([1], & &1, timeout: 0) end
      refute_received {:start, _measurements, _metadata}
    end
  end

  describe "process_batch!/3" do
    test "is a span, too" do
      assert DataProcessor.process_batch!(1..4, &divide/1) == [12, 6, 4, 3]
      assert {:stop, %{items: 4, ok: 4, errors: 0}, %{call: :process_batch!}} = reported()
    end

    test "ends with the failure that it raises" do
      assert_raise Error, fn -> DataProcessor.process_batch!([1, 0], &divide/1) end
      assert {:exception, %{}, %{kind: :error, reason: %Error{kind: :raise}}} = reported()
    end
  end

  describe "a stream" do
    test "is a span for each time that it is consumed" do
      stream = DataProcessor.stream([1, 0, 2, 3], &divide/1)
      refute_received {:start, _measurements, _metadata}

      for _ <- 1..2 do
        assert length(Enum.to_list(stream)) == 4
        assert {:stop, %{items: 4, ok: 3, errors: 1}, %{call: :stream}} = reported()
      end
    end

    test "that is stopped early counts what its consumer got" do
      numbers = Stream.iterate(0, &(&1 + 1))
      assert [{:error, _}, {:ok, 12}] = numbers |> DataProcessor.stream(&divide/1) |> Enum.take(2)
      assert {:stop, %{items: 2, ok: 1, errors: 1}, _metadata} = reported()
    end

    test "that is suspended goes on in the same span" do
      assert 1..3 |> DataProcessor.stream(&divide/1) |> Stream.zip([:a, :b, :c]) |> Enum.to_list() ==
               [{{:ok, 12}, :a}, {{:ok, 6}, :b}, {{:ok, 4}, :c}]

      assert {:stop, %{items: 3, ok: 3, errors: 0}, _metadata} = reported()
    end

    test "ends with what its consumer raises or throws" do
      stream = DataProcessor.stream(1..3, &divide/1)
      assert catch_throw(Enum.each(stream, fn {:ok, 12} -> throw(:enough) end)) == :enough
      assert {:exception, %{}, %{kind: :throw, reason: :enough}} = reported()
    end

    test "ends with what its input raises" do
      input = Stream.map(1..3, fn item -> if item == 3, do: exit(:gone), else: item end)
      assert catch_exit(input |> DataProcessor.stream(&divide/1) |> Stream.run()) == :gone
      assert {:exception, %{}, %{kind: :exit, reason: :gone}} = reported()
    end
  end

  describe "a handler that fails" do
    test "breaks no batch" do
      test = self()
      id = make_ref()

      :ok =
        :telemetry.attach_many(
          id,
          [[:cantilever, :batch, :start]],
          fn _, _, _, _ -> if self() == test, do: raise("a handler") end,
          nil
        )

      on_exit(fn -> :telemetry.detach(id) end)
      assert DataProcessor.process_batch!([1, 2], &divide/1) == [12, 6]
      assert {:stop, %{items: 2}, _metadata} = reported()
    end
  end
end
