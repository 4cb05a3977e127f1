defmodule Cantilever.Bench.Kills do
  @moduledoc false
  # The functions of bench/kills/native.

  use Cantilever.Nif, otp_app: :cantilever, crate: "kills", path: "bench/kills/native"

  def running, do: :erlang.nif_error(:nif_not_loaded)
  def probe_dirty_cpu, do: :erlang.nif_error(:nif_not_loaded)
  def probe_dirty_io, do: :erlang.nif_error(:nif_not_loaded)
  def kit_dirty_cpu, do: :erlang.nif_error(:nif_not_loaded)
  def kit_dirty_io, do: :erlang.nif_error(:nif_not_loaded)
  def kit_parallel, do: :erlang.nif_error(:nif_not_loaded)
  def kit_yielding, do: :erlang.nif_error(:nif_not_loaded)
  def kit_parked, do: :erlang.nif_error(:nif_not_loaded)
  def rustler_dirty_cpu(_ms), do: :erlang.nif_error(:nif_not_loaded)
end
