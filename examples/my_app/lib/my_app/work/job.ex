defmodule MyApp.Work.Job do
  @moduledoc false
  # One call in each mode: the same sum, of so many squares that it takes about 20 ms. In pure Elixir there are fewer of them, as each takes
  # longer.

  import Bitwise

  alias MyApp.Native

  @squares 60_000_000
  @elixir_squares 2_000_000
  @plain_ms 1_000

  # So that the sum stays a small integer, and the loop makes no garbage.
  @mask 0xFFFF_FFFF_FFFF

  @spec all() :: %{MyApp.Work.mode() => (() -> term())}
  def all do
    %{
      elixir: fn -> squares(@elixir_squares, 0) end,
      yielding: fn -> Native.intensive_calculation(@squares) end,
      dirty: fn -> Native.intensive_calculation_dirty(@squares) end,
      plain: fn -> Native.hold_scheduler(@plain_ms) end
    }
  end

  defp squares(0, sum), do: sum
  defp squares(i, sum), do: squares(i - 1, sum + i * i &&& @mask)
end
