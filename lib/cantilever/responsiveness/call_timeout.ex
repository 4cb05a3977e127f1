defmodule Cantilever.Responsiveness.CallTimeout do
  @moduledoc """
  Raised by a measurement of which a call did not end in time.

      Cantilever.Responsiveness.measure(&MyApp.Native.render/0, timeout: 10_000)
      #=> ** (Cantilever.Responsiveness.CallTimeout) the call did not end within 10000 ms

  The call is ended: `timeout_ms` is how long it was waited for.
  """

  defexception [:timeout_ms]

  @type t :: %__MODULE__{timeout_ms: pos_integer}

  @impl Exception
  def message(%{timeout_ms: timeout_ms}), do: "the call did not end within #{timeout_ms} ms"
end
