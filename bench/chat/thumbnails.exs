defmodule MyApp.Native do
  @moduledoc false
  # The native functions of examples/my_app, built from its sources for the bench.

  use Cantilever.Nif,
    otp_app: :cantilever,
    crate: "my_app_native",
    path: "examples/my_app/native/my_app_native"

  def hold_scheduler(_ms), do: :erlang.nif_error(:nif_not_loaded)
  def intensive_calculation(_n), do: :erlang.nif_error(:nif_not_loaded)
  def intensive_calculation_dirty(_n), do: :erlang.nif_error(:nif_not_loaded)
  def render_fractal(_width, _height, _iterations), do: :erlang.nif_error(:nif_not_loaded)
  def thumbnail(_picture, _max_side), do: :erlang.nif_error(:nif_not_loaded)
end
