defmodule Cantilever.Bench.Chat.Ledger do
  @moduledoc """
  What senders and subscribers have written down, held against what is in the database.

      ledger = Ledger.new(rooms, senders) |> Ledger.read("log.txt") |> Ledger.compare(worker)
      ledger.wrong
      #=> %{}

  It lives as long as the database, over any number of runs: what was once stored must stay where it is.
  """

  alias Cantilever.Bench.Chat.Load
  alias Cantilever.DatabaseWorker

  @most_examples 5

  @enforce_keys [:rooms, :ids?]
  defstruct [
    :rooms,
    :ids?,
    # {user, number} => {room, seq}
    acknowledged: %{},
    stored: %{},
    delivered: [],
    sent: %{},
    # How far each room was compared.
    last: %{},
    refused: %{},
    wrong: %{},
    examples: []
  ]

  @type place :: {room :: String.t(), seq :: pos_integer}
  @type t :: %__MODULE__{
          rooms: tuple,
          ids?: %{String.t() => boolean},
          acknowledged: %{{String.t(), pos_integer} => place},
          stored: %{{String.t(), pos_integer} => place},
          delivered: [{{String.t(), pos_integer}, place}],
          sent: %{String.t() => pos_integer},
          last: %{String.t() => pos_integer},
          refused: %{String.t() => pos_integer},
          wrong: %{atom => pos_integer},
          examples: [String.t()]
        }

  @spec new([String.t()], [Load.sender()]) :: t
  def new(rooms, senders),
    do: %__MODULE__{
      rooms: List.to_tuple(rooms),
      ids?: Map.new(senders, fn {user, _first, ids?} -> {user, ids?} end)
    }

  @doc """
  The senders that go on where the last run has stopped: with an id the last message of all is sent once more, and must not be stored
  again; without one no message is sent twice.
  """
  @spec senders(t) :: [Load.sender()]
  def senders(ledger) do
    for {user, ids?} <- ledger.ids? do
      last = Map.get(ledger.sent, user, 0)
      {user, max(if(ids?, do: last - 1, else: last + 1), 1), ids?}
    end
  end

  @doc "Adds what a run has written down."
  @spec read(t, Path.t()) :: t
  def read(ledger, log) do
    case File.read(log) do
      {:ok, text} ->
        text
        |> String.split("\n")
        # What comes after the last end of a line was cut off, or is nothing.
        |> Enum.drop(-1)
        |> Enum.reduce({ledger, %{}}, fn line, {ledger, seen} ->
          line |> String.split("\t") |> note(ledger, seen)
        end)
        |> elem(0)

      {:error, :enoent} ->
        ledger
    end
  end

  defp note(["acknowledged", room, seq, user, number], ledger, seen) do
    key = {user, String.to_integer(number)}
    place = {room, String.to_integer(seq)}

    case ledger.acknowledged do
      %{^key => other} when other != place ->
        {wrong(ledger, :misplaced, {key, :acknowledged_at, other, :and_at, place}), seen}

      _new ->
        {put_in(ledger.acknowledged[key], place), seen}
    end
  end

  defp note(["delivered", room, seq, user, number], ledger, seen) do
    seq = String.to_integer(seq)
    message = {{user, String.to_integer(number)}, {room, seq}}
    ledger = %{ledger | delivered: [message | ledger.delivered]}
    last = Map.get(seen, room, seq - 1)
    ledger = if seq == last + 1, do: ledger, else: wrong(ledger, :disorder, {room, last, seq})
    {ledger, Map.put(seen, room, seq)}
  end

  defp note(["sent", _room, _seq, user, number], ledger, seen) do
    number = String.to_integer(number)
    {%{ledger | sent: Map.update(ledger.sent, user, number, &max(&1, number))}, seen}
  end

  defp note(["refused", reason | _rest], ledger, seen),
    do: {%{ledger | refused: Map.update(ledger.refused, reason, 1, &(&1 + 1))}, seen}

  defp note(["lost", room, _seq, event, _number], ledger, seen),
    do: {wrong(ledger, :disorder, {room, event}), seen}

  @doc "Looks at what is new in the database, at all that is known, and at the file itself."
  @spec compare(t, DatabaseWorker.worker()) :: t
  def compare(ledger, worker) do
    ledger
    |> compare_rows(worker)
    |> compare_counts(worker)
    |> compare_known()
    |> check_file(worker)
  end

  defp compare_rows(ledger, worker) do
    for room <- Tuple.to_list(ledger.rooms),
        row <- rows(worker, room, Map.get(ledger.last, room, 0)),
        reduce: ledger do
      ledger -> compare_row(ledger, room, row)
    end
  end

  @rows "SELECT seq, user, id, payload FROM cantilever_messages WHERE room = ? AND seq > ? ORDER BY seq"
  defp rows(worker, room, last), do: select(worker, @rows, [room, last])

  # Without a table there are no messages, which is right as long as nothing was acknowledged.
  defp select(worker, sql, params) do
    case DatabaseWorker.query(worker, sql, params, timeout: 60_000) do
      {:ok, result} -> result.rows
      {:error, %{reason: :syntax}} -> []
    end
  end

  defp compare_row(ledger, room, [seq, user, id, payload]) do
    [number | _] = Cantilever.JSON.decode!(payload)
    key = {user, number}
    next = Map.get(ledger.last, room, 0) + 1
    expected = {room, Load.id(number, ledger.ids?[user]), Load.payload(user, number)}
    found = {Load.room(ledger.rooms, user, number), id, Cantilever.JSON.decode!(payload)}

    ledger
    |> wrong_if(seq != next, :disorder, {room, seq, :instead_of, next})
    |> wrong_if(Map.has_key?(ledger.stored, key), :twice, {key, ledger.stored[key], {room, seq}})
    |> wrong_if(number > Map.get(ledger.sent, user, 0), :strange, {key, :never_sent})
    |> wrong_if(found != expected, :strange, {key, found})
    |> Map.update!(:stored, &Map.put_new(&1, key, {room, seq}))
    |> Map.update!(:last, &Map.put(&1, room, seq))
  end

  # What was there once is there still.
  defp compare_counts(ledger, worker) do
    counts =
      select(worker, "SELECT room, max(seq), count(*) FROM cantilever_messages GROUP BY room", [])

    last = for [room, last, _count] <- counts, into: %{}, do: {room, last}

    ledger = wrong_if(ledger, last != ledger.last, :missing, {last, :instead_of, ledger.last})

    for [room, last, count] <- counts, last != count, reduce: ledger do
      ledger -> wrong(ledger, :disorder, {room, last, count})
    end
  end

  defp compare_known(ledger) do
    known = Enum.concat(ledger.acknowledged, ledger.delivered)

    ledger =
      for {key, place} <- known, reduce: ledger do
        ledger ->
          case ledger.stored do
            %{^key => ^place} -> ledger
            %{^key => other} -> wrong(ledger, :misplaced, {key, place, :stored_at, other})
            _not_there -> wrong(ledger, :missing, {key, place})
          end
      end

    %{ledger | delivered: []}
  end

  defp check_file(ledger, worker) do
    case DatabaseWorker.integrity_check(worker, timeout: 120_000) do
      :ok -> ledger
      {:error, error} -> wrong(ledger, :damaged, error)
    end
  end

  defp wrong_if(ledger, true, kind, example), do: wrong(ledger, kind, example)
  defp wrong_if(ledger, false, _kind, _example), do: ledger

  defp wrong(ledger, kind, example) do
    %{
      ledger
      | wrong: Map.update(ledger.wrong, kind, 1, &(&1 + 1)),
        examples: Enum.take(ledger.examples ++ ["#{kind}: #{inspect(example)}"], @most_examples)
    }
  end
end
