defmodule Cantilever.MessageQueue.Error do
  @moduledoc """
  Why a message was not acknowledged.

      iex> {:error, error} = Cantilever.MessageQueue.put(:nobody_started_it, "Hello")
      iex> error.reason
      :stopped

  | reason | what happened | whether it was stored | what to do |
  |---|---|---|---|
  | `:overloaded` | a bound of the queue is reached: of messages, of bytes, or of the message's key | no | try again later, or ask for less |
  | `:too_large` | the message alone is larger than the bound of bytes | no | send less |
  | `:timeout` | the message waited for longer than its timeout, and was taken out | no, and it will not be | try again |
  | `:refused` | the commit function would not have this message; `cause` is what it said | no | depends on `cause` |
  | `:stopped` | the queue does not run, is shutting down, or could not store the message before it had to stop | no | try again when it is back |
  | `:unconfirmed` | nobody can tell: the commit function or the queue died, or the timeout passed while the message was being stored | perhaps | look, or try again in a way that does no harm twice |
  """

  @typedoc "The reasons of the table above."
  @type reason :: :overloaded | :too_large | :timeout | :refused | :stopped | :unconfirmed

  @typedoc "An error of a queue."
  @type t :: %__MODULE__{reason: reason, message: String.t(), cause: term}

  @enforce_keys [:reason, :message]
  defexception [:reason, :message, :cause]

  @messages %{
    timeout: "the message could not be stored within its timeout and was taken out of the queue",
    refused: "the message was refused",
    stopped: "the queue does not run, and the message was not stored",
    unconfirmed: "the message may have been stored or not"
  }

  @doc false
  @spec new(:timeout | :refused | :stopped | :unconfirmed, term) :: t
  def new(reason, cause \\ nil) do
    %__MODULE__{
      reason: reason,
      message: Map.fetch!(@messages, reason) <> because(cause),
      cause: cause
    }
  end

  defp because(nil), do: ""
  defp because(cause) when is_exception(cause), do: ": " <> Exception.message(cause)
  defp because(cause), do: ": " <> inspect(cause, limit: 10, printable_limit: 200)
end
