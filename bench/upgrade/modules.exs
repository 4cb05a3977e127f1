defmodule Cantilever.Bench.Upgrade.Calls do
  @moduledoc false
  # The functions of bench/upgrade/native.

  use Cantilever.Nif, otp_app: :cantilever, crate: "upgrade_calls", path: "bench/upgrade/native"

  def version, do: :erlang.nif_error(:nif_not_loaded)
  def counter_new, do: :erlang.nif_error(:nif_not_loaded)
  def counter_next(_counter), do: :erlang.nif_error(:nif_not_loaded)
  def note(_text), do: :erlang.nif_error(:nif_not_loaded)
  def yield_for(_ms), do: :erlang.nif_error(:nif_not_loaded)
  def wait_for(_ms), do: :erlang.nif_error(:nif_not_loaded)
  def sum_parallel(_n), do: :erlang.nif_error(:nif_not_loaded)
end
