defmodule Cantilever.Bench.Responsiveness.Calls do
  @moduledoc false
  # The functions of bench/responsiveness/native/calls: each job in every native way of running it.

  use Cantilever.Nif,
    otp_app: :cantilever,
    crate: "responsiveness_calls",
    path: "bench/responsiveness/native/calls"

  def document(_bytes), do: :erlang.nif_error(:nif_not_loaded)
  def picture(_width, _height), do: :erlang.nif_error(:nif_not_loaded)

  for way <- [
        :rustler_normal,
        :rustler_dirty,
        :rustler_thread,
        :kit_yielding,
        :kit_dirty,
        :kit_parallel
      ] do
    def unquote(:"sum_#{way}")(_n), do: :erlang.nif_error(:nif_not_loaded)
    def unquote(:"decode_#{way}")(_document), do: :erlang.nif_error(:nif_not_loaded)
    def unquote(:"shrink_#{way}")(_png, _width), do: :erlang.nif_error(:nif_not_loaded)
  end
end
