defmodule Cantilever.Bench.Slice.Calls do
  @moduledoc false
  # The function of bench/responsiveness/native/slice, whose slices are as long as its load data says.

  use Cantilever.Nif,
    otp_app: :cantilever,
    crate: "slice_sweep",
    path: "bench/responsiveness/native/slice",
    load_data_fun: {Cantilever.Bench.Reload, :load_data}

  def sum_of_squares(_n), do: :erlang.nif_error(:nif_not_loaded)
end
