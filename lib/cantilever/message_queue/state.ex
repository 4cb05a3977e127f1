defmodule Cantilever.MessageQueue.State do
  @moduledoc false
  # What a queue holds and decides, without a process, a clock or chance: times come in as monotonic milliseconds, and what is to be
  # answered goes out as a list. Every message that was put is answered by exactly one of the functions here.

  alias Cantilever.MessageQueue.Batch
  alias Cantilever.MessageQueue.Error
  alias Cantilever.MessageQueue.Item
  alias Cantilever.MessageQueue.Load
  alias Cantilever.MessageQueue.Options

  # Deadlines are looked at by going through all messages, so not each at its own moment.
  @expiry_ms 20

  @enforce_keys [:options]
  defstruct [
    :options,
    :batch,
    :retry_at,
    :failing_since,
    :last_error,
    waiting: :queue.new(),
    load: %Load{},
    expire_at: :infinity,
    closed?: false,
    last_messages: 0,
    batches: 0,
    failures: 0
  ]

  @type t :: %__MODULE__{}

  @type answer :: {:ok, term} | {:error, Error.t()}

  @type answers :: [{GenServer.from(), answer}]

  @spec new(Options.t()) :: t
  def new(options), do: %__MODULE__{options: options}

  @doc "Takes a message in, or says why not."
  @spec put(t, Item.t()) :: {:ok, t} | {:error, Error.t()}
  def put(%{closed?: true}, _item), do: {:error, Error.new(:stopped)}

  def put(state, item) do
    with {:ok, load} <- Load.add(state.load, item, state.options) do
      waiting = :queue.in(item, state.waiting)
      expire_at = min(state.expire_at, item.deadline_ms)
      {:ok, %{state | load: load, waiting: waiting, expire_at: expire_at}}
    end
  end

  @doc "Starts the batch that is due, of which the messages are returned."
  @spec start(t, integer) :: {[term], t} | :none
  def start(state, now) do
    if ready_at(state, now) <= now do
      state = form(state)
      {Enum.map(state.batch.items, & &1.message), state}
    else
      :none
    end
  end

  @doc "When there may be something to do, if nothing happens before."
  @spec wake_at(t, integer) :: integer | :infinity
  def wake_at(state, now), do: min(ready_at(state, now), state.expire_at)

  @doc "The running batch was stored, but for what was refused: there is an answer for each message."
  @spec stored(t, [answer]) :: {answers, t}
  def stored(%{batch: %{items: items}} = state, answers) do
    state = %{finish(state) | batches: state.batches + 1}
    {given(Enum.zip(items, answers)), recovered(state)}
  end

  @doc "Nothing of the running batch was stored; chance is a number from 0 to 1."
  @spec failed(t, term, integer, float) :: t
  def failed(%{batch: batch} = state, reason, now, chance) do
    %{
      state
      | batch: %{batch | running?: false},
        failures: state.failures + 1,
        failing_since: state.failing_since || now,
        last_error: reason,
        retry_at: now + delay(state.options, state.failures, chance)
    }
  end

  @doc "Nobody can tell whether the running batch was stored. It is not tried again, as it could be there twice."
  @spec lost(t, term) :: {answers, t}
  def lost(%{batch: %{items: items}} = state, cause) do
    {to_all(items, Error.new(:unconfirmed, cause)), %{finish(state) | last_error: cause}}
  end

  @doc "Answers those whose deadline has passed. What is being stored cannot be called back."
  @spec expire(t, integer) :: {answers, t}
  def expire(%{expire_at: expire_at} = state, now) when expire_at > now, do: {[], state}

  def expire(state, now) do
    {late, waiting} = :queue.to_list(state.waiting) |> Enum.split_with(&(&1.deadline_ms <= now))
    state = %{state | waiting: :queue.from_list(waiting), load: Load.remove(state.load, late)}
    {answers, state} = expire_batch(state, now)
    {to_all(late, Error.new(:timeout, state.last_error)) ++ answers, expire_next(state, now)}
  end

  @doc "From now on takes no more, and waits for none to come."
  @spec close(t) :: t
  def close(state), do: %{state | closed?: true}

  @doc "Answers everybody who still waits."
  @spec give_up(t) :: {answers, t}
  def give_up(state) do
    {running, answers} =
      case state.batch do
        nil -> {[], []}
        %{running?: true, items: items} -> {items, to_all(items, Error.new(:unconfirmed))}
        %{items: items} -> {items, to_all(items, Error.new(:stopped, state.last_error))}
      end

    waiting = :queue.to_list(state.waiting)
    load = Load.remove(state.load, running ++ waiting)
    state = %{state | batch: nil, waiting: :queue.new(), load: load, expire_at: :infinity}
    {answers ++ to_all(waiting, Error.new(:stopped)), state}
  end

  @spec empty?(t) :: boolean
  def empty?(state), do: state.load.messages == 0

  @spec info(t, integer) :: map
  def info(state, now) do
    %{
      messages: state.load.messages,
      bytes: state.load.bytes,
      keys: map_size(state.load.keys),
      in_batch: if(state.batch, do: state.batch.messages, else: 0),
      batches: state.batches,
      failures: state.failures,
      failing_ms: if(state.failing_since, do: now - state.failing_since),
      last_error: state.last_error
    }
  end

  defp ready_at(%{batch: %{running?: true}}, _now), do: :infinity
  defp ready_at(%{batch: %Batch{}} = state, _now), do: state.retry_at

  defp ready_at(state, now) do
    case :queue.peek(state.waiting) do
      :empty -> :infinity
      {:value, first} -> max(state.retry_at || now, closes_at(state, first, now))
    end
  end

  defp closes_at(%{options: options} = state, first, now) do
    if state.closed? or full?(state.load, options) or
         state.last_messages < options.batch_siblings,
       do: now,
       else: first.arrived_ms + options.batch_window_ms
  end

  defp full?(load, options),
    do: load.messages >= options.batch_messages or load.bytes >= options.batch_bytes

  defp form(%{batch: nil} = state) do
    {batch, waiting} = Batch.take(state.waiting, state.options)
    %{state | batch: batch, waiting: waiting, last_messages: batch.messages}
  end

  defp form(%{batch: batch} = state), do: %{state | batch: %{batch | running?: true}}

  defp finish(%{batch: %{running?: true} = batch} = state),
    do: %{state | batch: nil, load: Load.remove(state.load, batch.items)}

  defp recovered(state),
    do: %{state | failures: 0, failing_since: nil, last_error: nil, retry_at: nil}

  # Half of it is chance, so that several queues do not come back to one database at the same moment.
  defp delay(options, failures, chance) do
    doubled = options.backoff_min_ms * Integer.pow(2, min(failures, 32))
    longest = min(doubled, options.backoff_max_ms)
    max(1, round(longest * (1 + chance) / 2))
  end

  defp expire_batch(%{batch: nil} = state, _now), do: {[], state}

  defp expire_batch(%{batch: %{running?: true} = batch} = state, now) do
    {late, _rest} = Enum.split_with(batch.items, &(&1.deadline_ms <= now))
    items = Enum.map(batch.items, &if(&1.deadline_ms <= now, do: Item.answered(&1), else: &1))
    {to_all(late, Error.new(:unconfirmed)), %{state | batch: %{batch | items: items}}}
  end

  defp expire_batch(%{batch: batch} = state, now) do
    {late, items} = Enum.split_with(batch.items, &(&1.deadline_ms <= now))
    state = %{state | batch: Batch.keep(items), load: Load.remove(state.load, late)}
    {to_all(late, Error.new(:timeout, state.last_error)), state}
  end

  defp expire_next(state, now) do
    in_batch = if state.batch, do: state.batch.items, else: []

    earliest =
      :queue.fold(&min(&1.deadline_ms, &2), :infinity, state.waiting)
      |> then(&Enum.reduce(in_batch, &1, fn item, least -> min(item.deadline_ms, least) end))

    %{state | expire_at: max(earliest, now + @expiry_ms)}
  end

  defp to_all(items, error), do: given(for item <- items, do: {item, {:error, error}})

  defp given(answered),
    do: for({%{from: from}, answer} <- answered, from != nil, do: {from, answer})
end
