defmodule Cantilever.Chat.Store.Error do
  @moduledoc """
  Why a store of a chat did not do what it was asked for.

      iex> store = Cantilever.Chat.Store.new(Cantilever.Chat.NotStarted, Cantilever.Chat.Store.Memory)
      iex> {:error, error} = Cantilever.Chat.Store.recent(store, "lobby", 10)
      iex> error.reason
      :unavailable

  | reason | what happened | what to do |
  |---|---|---|
  | `:unavailable` | the store does not run, is busy, or has no room | try again; it may take a while |
  | `:invalid` | the entry is not what a store can hold | do not try again |
  | `:refused` | the store understood the entry and will not have it, as it may be too large | do not try again |
  | `:failed` | the store is broken, or says something that it should not | look at `cause` |

  `cause` is what the store itself was told, such as a `Cantilever.DatabaseWorker.Error`, or nil.
  """

  @typedoc "The reasons of the table above."
  @type reason :: :unavailable | :invalid | :refused | :failed

  @typedoc "An error of a store."
  @type t :: %__MODULE__{reason: reason, message: String.t(), cause: term}

  @enforce_keys [:reason, :message]
  defexception [:reason, :message, :cause]
end
