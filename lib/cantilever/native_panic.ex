defmodule Cantilever.NativePanic do
  @moduledoc """
  Raised when a native function panics.

      iex> Exception.message(%Cantilever.NativePanic{message: "no luck", file: "src/lib.rs", line: 7})
      "native panic at src/lib.rs:7: no luck"

  The node goes on, and so does the library: only the call is lost. A panic that has no caller (of a value
  that is dropped, or of a thread that nobody waits for) is logged instead, as an error with the metadata
  `crash_reason: {%Cantilever.NativePanic{}, []}`.
  """

  @typedoc "A panic's message and its place in the Rust source (line 0 where unknown)."
  @type t :: %__MODULE__{message: String.t(), file: String.t(), line: non_neg_integer()}

  defexception [:message, :file, :line]

  @impl Exception
  def message(%__MODULE__{message: message, file: file, line: line}),
    do: "native panic at #{file}:#{line}: #{message}"
end
