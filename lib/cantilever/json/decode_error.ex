defmodule Cantilever.JSON.DecodeError do
  @moduledoc """
  What is wrong with a JSON document, and where.

      iex> {:error, error} = Cantilever.JSON.decode("[1, 2,]")
      iex> {error.reason, error.position}
      {:unexpected, 6}
      iex> Exception.message(error)
      ~S(expected a value, found ] at byte 6, between "[1, 2," and "]")

  The fields:

    * `reason` - an atom to match on:

      | reason | |
      |---|---|
      | `:unexpected` | something else, or the end, where the grammar wants a certain thing |
      | `:byte_order_mark` | the document begins with one |
      | `:invalid_utf8`, `:control_character`, `:invalid_escape`, `:lone_surrogate` | of a string |
      | `:invalid_number` | as `01` or `1.` |
      | `:float_out_of_range` | as `1e400` |
      | `:number_too_long` | over 1,262,611 digits, which no VM can represent |
      | `:too_deep`, `:too_many_bytes` | beyond the limit that was set |
      | `:duplicate_key` | with `duplicates: :error` |
      | `:unknown_atom`, `:too_many_atoms` | with `keys: :atoms!` and `keys: :atoms` |

    * `position` - how many bytes of the document come before the place
    * `expected` - the sentence that says what is wrong
    * `before`, `after` - up to 20 bytes of the document on each side of the place
  """

  @type t() :: %__MODULE__{
          reason: atom(),
          position: non_neg_integer(),
          expected: String.t(),
          before: binary(),
          after: binary()
        }

  defexception [:reason, :position, :expected, before: "", after: ""]

  # What the native functions return.
  @doc false
  @spec from_native(tuple()) :: t()
  def from_native({:error, reason, expected, position, before, rest}) do
    %__MODULE__{
      reason: reason,
      expected: expected,
      position: position,
      before: before,
      after: rest
    }
  end

  @impl Exception
  def message(error) do
    "#{error.expected} at byte #{error.position}#{place(error.before, error.after)}"
  end

  defp place("", ""), do: ""
  defp place("", rest), do: ", before #{show(rest)}"
  defp place(before, ""), do: ", after #{show(before)}"
  defp place(before, rest), do: ", between #{show(before)} and #{show(rest)}"

  defp show(bytes), do: inspect(bytes, binaries: :as_strings)
end
