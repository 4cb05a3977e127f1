defmodule Cantilever.MessageQueue.StateTest do
  use ExUnit.Case, async: true

  alias Cantilever.MessageQueue.Item
  alias Cantilever.MessageQueue.Options
  alias Cantilever.MessageQueue.State

  defp state(options \\ []),
    do: [commit: &Function.identity/1] |> Keyword.merge(options) |> Options.new!() |> State.new()

  defp item(message, now, options \\ []) do
    options = Map.merge(%{key: nil, bytes: 1, timeout: :infinity}, Map.new(options))
    Item.new(message, {self(), message}, options, now)
  end

  defp put!(state, messages, now, options \\ []) do
    Enum.reduce(messages, state, fn message, state ->
      {:ok, state} = State.put(state, item(message, now, options))
      state
    end)
  end

  defp start!(state, now) do
    {messages, state} = State.start(state, now)
    {messages, state}
  end

  defp receipts(messages), do: Enum.map(messages, &{:ok, &1})

  defp answered(answers),
    do: Enum.map(answers, fn {{_pid, message}, answer} -> {message, short(answer)} end)

  defp short({:ok, receipt}), do: receipt
  defp short({:error, error}), do: error.reason

  describe "start/2" do
    test "waits for the window of the first message, in times before and after zero" do
      for now <- [-1_000, 0, 1_000] do
        state =
          state(batch_window_ms: 5, batch_siblings: 0) |> put!([:a], now) |> put!([:b], now + 4)

        assert State.wake_at(state, now) == now + 5
        assert State.start(state, now + 4) == :none
        assert {[:a, :b], _state} = State.start(state, now + 5)
      end
    end

    test "waits where the batch before had siblings" do
      state = state(batch_window_ms: 5, batch_siblings: 2) |> put!([:alone], 0)
      assert {[:alone], state} = State.start(state, 0)
      state = put!(state, [:b, :c], 1)
      {_answers, state} = State.stored(state, receipts([:alone]))
      assert {[:b, :c], state} = State.start(state, 1)
      state = put!(state, [:d], 2)
      {_answers, state} = State.stored(state, receipts([:b, :c]))
      assert State.start(state, 6) == :none
      assert {[:d], state} = State.start(state, 7)
      {_answers, state} = State.stored(state, receipts([:d]))
      assert {[:e], _state} = state |> put!([:e], 8) |> State.start(8)
    end

    test "does not wait where there are messages or bytes enough, or no window" do
      assert {[1, 2], _state} =
               state(batch_siblings: 0, batch_messages: 2) |> put!([1, 2, 3], 0) |> State.start(0)

      assert {[1, 2], _state} =
               state(batch_siblings: 0, batch_bytes: 2) |> put!([1, 2, 3], 0) |> State.start(0)

      assert {[1], _state} = state(batch_window_ms: 0) |> put!([1], 0) |> State.start(0)

      assert {[1], _state} =
               state(batch_siblings: 0) |> put!([1], 0) |> State.close() |> State.start(0)
    end

    test "takes a message of more bytes than a batch alone" do
      state = state(batch_bytes: 4) |> put!([:a], 0) |> put!([:b], 0, bytes: 9) |> put!([:c], 0)
      assert {[:a], state} = start!(state, 0)
      {_answers, state} = State.stored(state, receipts([:a]))
      assert {[:b], state} = start!(state, 0)
      {_answers, state} = State.stored(state, receipts([:b]))
      assert {[:c], _state} = start!(state, 9)
    end

    test "starts one batch at a time, and the next at once where its window has passed" do
      {[:a], state} = state() |> put!([:a], 0) |> start!(2)
      state = put!(state, [:b], 3)
      assert State.start(state, 100) == :none
      assert State.wake_at(state, 100) == :infinity
      {_answers, state} = State.stored(state, receipts([:a]))
      assert {[:b], _state} = State.start(state, 100)
    end

    test "has nothing to start where there is nothing" do
      assert State.start(state(), 0) == :none
      assert State.wake_at(state(), 0) == :infinity
    end
  end

  describe "failed/4" do
    test "tries the same batch again, and later each time" do
      state = state(backoff_min_ms: 100, backoff_max_ms: 350) |> put!([:a, :b], 0)

      Enum.reduce([100, 200, 350, 350], {state, 1_000}, fn longest, {state, now} ->
        {[:a, :b], state} = start!(state, now)
        assert State.failed(state, :away, now, 0.0).retry_at == now + div(longest, 2)
        state = State.failed(state, :away, now, 1.0)
        assert State.wake_at(state, now) == now + longest
        assert State.start(state, now + longest - 1) == :none
        {state, now + longest}
      end)
    end

    test "keeps what comes meanwhile behind it" do
      {[:a], state} = state(backoff_min_ms: 10) |> put!([:a], 0) |> start!(2)
      state = state |> State.failed(:away, 2, 1.0) |> put!([:b], 3)
      {[:a], state} = start!(state, 12)
      {answers, state} = State.stored(state, receipts([:a]))
      assert answered(answers) == [a: :a]
      assert {[:b], _state} = State.start(state, 12)
    end

    test "is known until a batch is stored" do
      {[:a], state} = state() |> put!([:a], 0) |> start!(2)
      state = State.failed(state, :away, 2, 1.0)
      assert %{failures: 1, failing_ms: 8, last_error: :away, in_batch: 1} = State.info(state, 10)
      {[:a], state} = start!(state, 50)
      {_answers, state} = State.stored(state, receipts([:a]))

      assert State.info(state, 60) ==
               %{
                 messages: 0,
                 bytes: 0,
                 keys: 0,
                 in_batch: 0,
                 batches: 1,
                 failures: 0,
                 failing_ms: nil,
                 last_error: nil
               }
    end

    test "does not overflow after a thousand times" do
      state = %{state() | failures: 1_000} |> put!([:a], 0)
      {[:a], state} = start!(state, 2)
      assert State.failed(state, :away, 2, 1.0).retry_at == 2_002
    end
  end

  describe "lost/2" do
    test "answers all of the batch, and does not try it again" do
      {[:a, :b], state} = state(batch_messages: 2) |> put!([:a, :b, :c], 0) |> start!(0)
      {answers, state} = State.lost(state, :killed)
      assert answered(answers) == [a: :unconfirmed, b: :unconfirmed]
      assert {[:c], _state} = State.start(state, 2)
    end
  end

  describe "expire/2" do
    test "takes out who waits, also from a batch that is to be tried again" do
      state =
        state(batch_messages: 2)
        |> put!([:a], 0, timeout: 50)
        |> put!([:b], 0)
        |> put!([:c], 0, timeout: 50)

      {[:a, :b], state} = start!(state, 0)
      state = State.failed(state, :away, 0, 1.0)
      assert {[], ^state} = State.expire(state, 49)
      {answers, state} = State.expire(state, 50)
      assert Enum.sort(answered(answers)) == [a: :timeout, c: :timeout]
      assert {[:b], _state} = start!(state, 50)
    end

    test "answers who is being stored, and leaves him in the batch" do
      {[:a, :b], state} = state() |> put!([:a], 0, timeout: 50) |> put!([:b], 0) |> start!(2)
      {answers, state} = State.expire(state, 50)
      assert answered(answers) == [a: :unconfirmed]
      assert {[], state} = State.expire(state, 500)
      state = State.failed(state, :away, 500, 0.0)
      assert {[:a, :b], state} = start!(state, 600)
      {answers, state} = State.stored(state, receipts([:a, :b]))
      assert answered(answers) == [b: :b]
      assert State.empty?(state)
    end

    test "still waits before it tries again when nothing is left of the batch" do
      {[:a], state} = state(backoff_min_ms: 1_000) |> put!([:a], 0, timeout: 50) |> start!(2)
      state = State.failed(state, :away, 2, 1.0)
      {[_answer], state} = State.expire(state, 50)
      assert State.empty?(state)
      state = put!(state, [:b], 60)
      assert State.start(state, 1_001) == :none
      assert {[:b], _state} = State.start(state, 1_002)
    end

    test "is due no more often than every 20 ms" do
      state =
        state(batch_window_ms: 60_000, batch_siblings: 0)
        |> put!([:a], 0, timeout: 10)
        |> put!([:b], 0, timeout: 11)

      assert State.wake_at(state, 0) == 10
      {[_answer], state} = State.expire(state, 10)
      assert State.wake_at(state, 10) == 30
      assert {[], state} = State.expire(state, 29)
      assert {[{{_pid, :b}, _answer}], _state} = State.expire(state, 30)
    end
  end

  describe "close/1 and give_up/1" do
    test "take no more, and answer everybody" do
      {[:a], state} = state(batch_messages: 1) |> put!([:a, :b], 0) |> start!(0)
      state = State.close(state)
      assert {:error, %{reason: :stopped}} = State.put(state, item(:c, 0))
      {answers, state} = State.give_up(state)
      assert answered(answers) == [a: :unconfirmed, b: :stopped]
      assert State.empty?(state)
      assert State.give_up(state) == {[], state}
    end

    test "know that a batch that failed is not stored" do
      {[:a], state} = state() |> put!([:a], 0) |> start!(2)
      {answers, _state} = state |> State.failed(:away, 2, 0.0) |> State.give_up()
      assert [{_from, {:error, %{reason: :stopped, cause: :away}}}] = answers
    end
  end
end
