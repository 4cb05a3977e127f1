defmodule Cantilever.DatabaseWorker.Call do
  @moduledoc false
  # A native call: again while another connection holds a lock, with the caller asleep meanwhile and no thread held, and what it says as an
  # error.

  alias Cantilever.DatabaseWorker.Deadline
  alias Cantilever.DatabaseWorker.Error

  @first_pause 1
  @longest_pause 20

  @spec run(Deadline.t(), nil | String.t(), (tuple -> {:ok, result} | {:error, term})) ::
          {:ok, result} | {:error, Error.t()}
        when result: term
  def run(deadline, sql, native), do: run(deadline, sql, native, @first_pause, nil)

  defp run(deadline, sql, native, pause, busy_before) do
    {_asked_at, left} = clock = Deadline.clock(deadline)

    case attempt(native, clock) do
      {:ok, result} ->
        {:ok, result}

      {:error, {:busy, _code, _message} = busy} ->
        if wait(deadline, pause),
          do: run(deadline, sql, native, min(pause * 2, @longest_pause), busy),
          else: {:error, error(busy, sql)}

      # It was the lock that has left it no time.
      {:error, {:timeout, _code, _message}}
      when busy_before != nil and left < @longest_pause * 1_000 ->
        {:error, error(busy_before, sql)}

      {:error, failure} ->
        {:error, error(failure, sql)}
    end
  end

  # Either has cost the connection, and ends here: the caller gets an error as for all else.
  defp attempt(native, clock) do
    native.(clock)
  rescue
    panic in Cantilever.NativePanic ->
      {:error, {:crashed, nil, "the native code has panicked: #{Exception.message(panic)}"}}

    stale in Cantilever.StaleHandle ->
      {:error, {:crashed, nil, "the kit's library was upgraded: #{Exception.message(stale)}"}}
  end

  # Between half of the pause and all of it, so that those who wait do not come back together.
  defp wait(deadline, pause) do
    pause = min(pause - :rand.uniform(div(pause, 2) + 1) + 1, Deadline.left(deadline))

    receive do
    after
      pause -> not Deadline.over?(deadline)
    end
  end

  @spec error(atom | {atom, nil | integer, String.t()}, nil | String.t()) :: Error.t()
  def error(:closed, sql) do
    %Error{reason: :crashed, message: "the connection is closed, and is replaced", sql: sql}
  end

  def error(unavailable, sql) when unavailable in [:in_use, :stale] do
    message =
      if unavailable == :in_use,
        do: "another process is using the transaction right now",
        else: "the transaction is over"

    %Error{reason: :over, message: message, sql: sql}
  end

  def error({reason, code, message}, sql),
    do: %Error{reason: reason, code: code, message: message, sql: sql}
end
