defmodule Cantilever.Eventually do
  @moduledoc false
  # Waits for what native code does in its own time and sends no message about, such as dropping a value.

  import ExUnit.Assertions

  @spec eventually((() -> as_boolean(term())), pos_integer()) :: true
  def eventually(condition, timeout_ms \\ 10_000) do
    wait(condition, System.monotonic_time(:millisecond) + timeout_ms)
  end

  defp wait(condition, deadline) do
    cond do
      condition.() ->
        true

      System.monotonic_time(:millisecond) > deadline ->
        flunk("the condition did not become true")

      true ->
        receive do
        after
          1 -> wait(condition, deadline)
        end
    end
  end
end
