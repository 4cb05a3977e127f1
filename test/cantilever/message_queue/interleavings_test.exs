defmodule Cantilever.MessageQueue.InterleavingsTest do
  # Whatever happens in whatever order: every message gets one answer, the answer is true, nothing overtakes, no bound is passed.
  use ExUnit.Case, async: true

  alias Cantilever.MessageQueue.Item
  alias Cantilever.MessageQueue.Options
  alias Cantilever.MessageQueue.State

  @steps 400
  @runs 300

  # `commits` has the outcome of each attempt with its messages, the last first; `answers` what each message was answered.
  defstruct [
    :state,
    :options,
    :attempt,
    now: -50,
    next: 1,
    commits: [],
    answers: %{},
    closed?: false
  ]

  test "random interleavings" do
    seed = :rand.uniform(1_000_000_000)

    for run <- 1..@runs do
      _ = :rand.seed(:exsss, {seed, run, 0})

      try do
        run()
      rescue
        error ->
          reraise "seed #{seed}, run #{run}: #{Exception.message(error)}", __STACKTRACE__
      end
    end
  end

  defp run do
    options =
      Options.new!(
        commit: &Function.identity/1,
        max_messages: among([1, 5, 40]),
        max_per_key: among([1, 3, 40]),
        max_bytes: among([10, 60, 1_000]),
        batch_messages: among([1, 4, 100]),
        batch_bytes: among([1, 12, 1_000]),
        batch_window_ms: among([0, 2, 30]),
        batch_siblings: among([0, 2, 5]),
        backoff_min_ms: among([1, 10]),
        backoff_max_ms: among([1, 50])
      )

    model =
      Enum.reduce(1..@steps, %__MODULE__{state: State.new(options), options: options}, fn _step,
                                                                                          model ->
        step(model)
      end)

    model = finish(model, among([:drain, :give_up]))
    assert_answered(model)
    assert_true(model)
    assert_in_order(model)
  end

  defp step(model) do
    model
    |> act(:rand.uniform(100))
    |> proceed()
    |> tap(&assert_bounds/1)
  end

  defp act(model, chance) when chance <= 45, do: put(model)
  defp act(%{attempt: nil} = model, _chance), do: pass(model, :rand.uniform(12))
  defp act(model, chance) when chance <= 60, do: pass(model, :rand.uniform(12))
  defp act(model, chance) when chance <= 85, do: stored(model)
  defp act(model, chance) when chance <= 96, do: failed(model)
  defp act(model, _chance), do: lost(model)

  defp put(%{next: number} = model) do
    options = %{
      key: among([nil, :a, :b]),
      bytes: among([0, 1, 5, 20]),
      timeout: among([:infinity, :infinity, 1, 30])
    }

    item = Item.new({number, options}, {self(), number}, options, model.now)

    case State.put(model.state, item) do
      {:ok, state} ->
        %{model | state: state, next: number + 1}

      {:error, error} ->
        answer(%{model | next: number + 1}, {[{item.from, {:error, error}}], model.state})
    end
  end

  defp pass(model, ms), do: %{model | now: model.now + ms}

  defp proceed(model) do
    model = answer(model, State.expire(model.state, model.now))

    case State.start(model.state, model.now) do
      {messages, state} ->
        assert model.attempt == nil
        assert messages != []
        %{model | state: state, attempt: messages}

      :none ->
        # Nothing waits for ever: either somebody is at work, or there is a time to look again, or nothing to do.
        at = State.wake_at(model.state, model.now)
        assert model.attempt != nil or at != :infinity or State.empty?(model.state)
        assert at > model.now
        model
    end
  end

  defp stored(model) do
    answers =
      for {number, _options} <- model.attempt,
          do: among([{:ok, number}, {:ok, number}, {:error, %{reason: :refused}}])

    model |> attempted({:stored, answers}) |> answer(State.stored(model.state, answers))
  end

  defp failed(model) do
    state = State.failed(model.state, :away, model.now, :rand.uniform())
    %{attempted(model, :failed) | state: state}
  end

  defp lost(model), do: model |> attempted(:lost) |> answer(State.lost(model.state, :killed))

  defp attempted(model, outcome),
    do: %{model | attempt: nil, commits: [{outcome, model.attempt} | model.commits]}

  defp answer(model, {answers, state}) do
    answers =
      Enum.reduce(answers, model.answers, fn {{_pid, number}, answer}, answers ->
        refute Map.has_key?(answers, number), "message #{number} was answered twice"
        Map.put(answers, number, answer)
      end)

    %{model | state: state, answers: answers}
  end

  defp finish(model, :give_up) do
    model = if model.attempt, do: attempted(model, :lost), else: model
    answer(model, State.give_up(model.state))
  end

  defp finish(model, :drain), do: drain(%{model | state: State.close(model.state)})

  defp drain(model) do
    cond do
      State.empty?(model.state) -> model
      model.attempt -> model |> stored() |> proceed() |> drain()
      true -> model |> pass(1) |> proceed() |> drain()
    end
  end

  defp assert_bounds(%{state: %{load: load}, options: options} = model) do
    assert load.messages in 0..options.max_messages
    assert load.bytes in 0..options.max_bytes
    assert Enum.all?(Map.values(load.keys), &(&1 in 1..options.max_per_key))

    held =
      :queue.to_list(model.state.waiting) ++
        if(model.state.batch, do: model.state.batch.items, else: [])

    assert Enum.all?(held, &(&1.deadline_ms > model.now - 20)), "a deadline was forgotten"

    if batch = model.state.batch do
      sizes = for item <- batch.items, do: item.bytes
      assert {batch.messages, batch.bytes} == {length(sizes), Enum.sum(sizes)}
      assert batch.messages in 1..options.batch_messages
      assert batch.bytes <= options.batch_bytes or batch.messages == 1
    end
  end

  defp assert_answered(model) do
    assert Enum.sort(Map.keys(model.answers)) == Enum.to_list(1..(model.next - 1)//1)
    assert State.empty?(model.state)
    assert model.state.load.bytes == 0 and model.state.load.keys == %{}
  end

  # What was answered against what was done.
  defp assert_true(model) do
    settled =
      for {outcome, messages} <- model.commits,
          outcome != :failed,
          {number, _options} <- messages,
          do: number

    assert Enum.uniq(settled) == settled, "a message was stored twice"

    stored =
      for {{:stored, answers}, messages} <- model.commits,
          {{number, _options}, answer} <- Enum.zip(messages, answers),
          into: %{} do
        {number, answer}
      end

    for {number, answer} <- model.answers do
      case answer do
        {:ok, ^number} ->
          assert stored[number] == answer

        {:error, %{reason: :refused}} ->
          assert stored[number] == answer

        {:error, %{reason: :unconfirmed}} ->
          :ok

        {:error, %{reason: reason}}
        when reason in [:timeout, :stopped, :overloaded, :too_large] ->
          refute number in settled
      end
    end
  end

  # Within what was attempted, the numbers only rise, but for batches that are tried again.
  defp assert_in_order(model) do
    settled =
      for {outcome, messages} <- Enum.reverse(model.commits),
          outcome != :failed,
          {number, _options} <- messages,
          do: number

    assert settled == Enum.sort(settled)

    model.commits
    |> Enum.reverse()
    |> Enum.chunk_every(2, 1, :discard)
    |> Enum.each(fn [{first, before}, {_outcome, messages}] ->
      again = Enum.filter(before, &(&1 in messages))
      if first == :failed and again != [], do: assert(messages == again)
    end)
  end

  defp among(choices), do: Enum.random(choices)
end
