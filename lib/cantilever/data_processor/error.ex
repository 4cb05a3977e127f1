defmodule Cantilever.DataProcessor.Error do
  @moduledoc """
  What one failed item of a batch leaves behind: its input and the reason.

      iex> [{:error, error}] = Cantilever.DataProcessor.process_batch(["x"], &String.to_integer/1)
      iex> {error.input, error.index, error.kind}
      {"x", 0, :raise}

  `kind` tells the ways to fail apart, and says what `reason` is:

  | kind | what happened | reason |
  |---|---|---|
  | `:raise` | the function raised | the exception |
  | `:throw` | it threw a value that nobody caught | the value |
  | `:exit` | it called `exit/1`, or a process linked to it took it along | the exit reason |
  | `:kill` | its process was killed, by itself or by somebody else | `:killed` |
  | `:timeout` | the item ran longer than the option `:timeout` allows | that time in ms |

  `index` is the item's place in the input, counted from 0; `attempts` says how often it was tried; `stacktrace` is
  empty where the process died without one.
  """

  @typedoc "The way in which an item failed: the table above tells them apart."
  @type kind :: :raise | :throw | :exit | :kill | :timeout

  @typedoc "A failed item: `index` counts from 0, `attempts` from 1."
  @type t :: %__MODULE__{
          input: term,
          index: non_neg_integer,
          kind: kind,
          reason: term,
          stacktrace: Exception.stacktrace(),
          attempts: pos_integer
        }

  defexception [:input, :index, :kind, :reason, stacktrace: [], attempts: 1]

  @shown_input 200

  @doc "Says which item failed, and why."
  @spec message(t) :: String.t()
  @impl Exception
  def message(%__MODULE__{} = error) do
    "item #{error.index} of the batch, #{shown(error.input)}, #{cause(error)}#{attempts(error.attempts)}"
  end

  defp cause(%{kind: :raise, reason: exception}) when is_exception(exception) do
    "raised #{inspect(exception.__struct__)}: #{Exception.message(exception)}"
  end

  defp cause(%{kind: :raise, reason: reason}), do: "raised #{inspect(reason)}"
  defp cause(%{kind: :throw, reason: value}), do: "threw #{inspect(value)}, which nobody caught"
  defp cause(%{kind: :exit, reason: reason}), do: "exited: #{Exception.format_exit(reason)}"
  defp cause(%{kind: :kill}), do: "was lost because its process was killed"

  defp cause(%{kind: :timeout, reason: timeout}) do
    "ran longer than #{timeout} ms and was stopped; raise the option :timeout if that is too short"
  end

  defp attempts(1), do: ""
  defp attempts(count), do: " (the last of #{count} attempts)"

  defp shown(input) do
    text = inspect(input, limit: 10, printable_limit: @shown_input)

    if String.length(text) > @shown_input,
      do: String.slice(text, 0, @shown_input) <> "…",
      else: text
  end
end
