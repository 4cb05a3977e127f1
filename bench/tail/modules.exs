defmodule Cantilever.Bench.Tail.Calls do
  @moduledoc false
  # The functions of bench/responsiveness/native/tail.

  use Cantilever.Nif,
    otp_app: :cantilever,
    crate: "tail_calls",
    path: "bench/responsiveness/native/tail",
    load_data_fun: {Cantilever.Bench.Reload, :load_data}

  def dirty(_n), do: :erlang.nif_error(:nif_not_loaded)
  def on_pool(_n), do: :erlang.nif_error(:nif_not_loaded)
  def on_pausing_pool(_n), do: :erlang.nif_error(:nif_not_loaded)
  def pause(_wanted), do: :erlang.nif_error(:nif_not_loaded)
end
