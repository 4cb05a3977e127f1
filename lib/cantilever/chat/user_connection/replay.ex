defmodule Cantilever.Chat.UserConnection.Replay do
  @moduledoc false
  # Reads what a client has missed, page by page.

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Message
  alias Cantilever.Chat.Store

  # A page is in memory as a whole, for as many clients as come back at once.
  @page 100

  @type event ::
          {:message, Message.t()}
          | {:gap, room_id :: String.t(), from :: pos_integer, to :: pos_integer}

  @doc """
  The next events after `after_seq` and up to `up_to`: messages in order, and a gap where some are not in the store or are
  further behind than the chat's `replay_limit`. The last one tells how far they reach.
  """
  @spec page(Config.t(), String.t(), non_neg_integer, pos_integer) ::
          {:ok, [event]} | {:error, Store.Error.t()}
  def page(_config, _room_id, after_seq, up_to) when after_seq >= up_to, do: {:ok, []}

  def page(config, room_id, after_seq, up_to) do
    first = up_to - config.options.replay_limit

    if after_seq < first,
      do: {:ok, [{:gap, room_id, after_seq + 1, first}]},
      else: read(config, room_id, after_seq, up_to)
  end

  defp read(config, room_id, after_seq, up_to) do
    limit = Enum.min([@page, Config.page(config), up_to - after_seq])

    with {:ok, messages} <- Store.newer(config.store, room_id, after_seq, limit),
         do: {:ok, events(messages, room_id, after_seq, up_to)}
  end

  # Trimmed to nothing, or the next one is newer.
  defp events([], room_id, after_seq, up_to), do: [{:gap, room_id, after_seq + 1, up_to}]

  defp events([%{seq: seq} | _], room_id, after_seq, up_to) when seq > up_to,
    do: [{:gap, room_id, after_seq + 1, up_to}]

  defp events([%{seq: seq} = message | rest], room_id, after_seq, up_to) do
    gap = if seq > after_seq + 1, do: [{:gap, room_id, after_seq + 1, seq - 1}], else: []
    rest = if rest == [], do: [], else: events(rest, room_id, seq, up_to)
    gap ++ [{:message, message} | rest]
  end
end
