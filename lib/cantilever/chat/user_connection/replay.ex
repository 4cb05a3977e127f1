defmodule Cantilever.Chat.UserConnection.Replay do
  @moduledoc false
  # Reads what a client has missed, page by page.

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Store

  @type event ::
          {:message, Message.t()} | {:gap, from :: pos_integer, to :: pos_integer}

  @doc """
  Calls `fun` with each message from `after_seq + 1` to `up_to`, in order, and with a gap where some are not in the store or are further
  behind than the chat's `replay_limit`. Stops with what `fun` returns that is not `{:ok, accumulator}`.
  """
  @spec each(
          Config.t(),
          String.t(),
          non_neg_integer,
          non_neg_integer,
          acc,
          (event, acc -> {:ok, acc} | stop)
        ) :: {:ok, acc} | {:unavailable, acc} | stop
        when acc: term, stop: term
  def each(config, room_id, after_seq, up_to, acc, fun) do
    first = up_to - config.options.replay_limit

    if after_seq < first do
      with {:ok, acc} <- fun.({:gap, after_seq + 1, first}, acc),
           do: pages(config, room_id, first, up_to, acc, fun)
    else
      pages(config, room_id, after_seq, up_to, acc, fun)
    end
  end

  defp pages(_config, _room_id, after_seq, up_to, acc, _fun) when after_seq >= up_to,
    do: {:ok, acc}

  defp pages(config, room_id, after_seq, up_to, acc, fun) do
    case Store.newer(
           config.store,
           room_id,
           after_seq,
           min(Config.page(config), up_to - after_seq)
         ) do
      {:ok, messages} ->
        # Trimmed to nothing, or the next one is newer.
        events = events(messages, after_seq, up_to)

        with {:ok, acc, last} <- run(events, acc, fun),
             do: pages(config, room_id, last, up_to, acc, fun)

      {:error, _reason} ->
        {:unavailable, acc}
    end
  end

  defp events([], after_seq, up_to), do: [{:gap, after_seq + 1, up_to}]

  defp events([%{seq: seq} | _], after_seq, up_to) when seq > up_to,
    do: [{:gap, after_seq + 1, up_to}]

  defp events([%{seq: seq} = message | rest], after_seq, up_to) do
    gap = if seq > after_seq + 1, do: [{:gap, after_seq + 1, seq - 1}], else: []
    gap ++ [{:message, message} | if(rest == [], do: [], else: events(rest, seq, up_to))]
  end

  defp run(events, acc, fun) do
    Enum.reduce_while(events, {:ok, acc, nil}, fn event, {:ok, acc, _last} ->
      case fun.(event, acc) do
        {:ok, acc} -> {:cont, {:ok, acc, last(event)}}
        stop -> {:halt, stop}
      end
    end)
  end

  defp last({:message, %{seq: seq}}), do: seq
  defp last({:gap, _from, to}), do: to
end
