defmodule Cantilever.Bench.Overhead do
  @moduledoc false
  # The functions of bench/overhead/native/calls, one for each way of running one.

  use Cantilever.Nif,
    otp_app: :cantilever,
    crate: "overhead_calls",
    path: "bench/overhead/native/calls"

  def rustler_normal(_n), do: :erlang.nif_error(:nif_not_loaded)
  def rustler_dirty(_n), do: :erlang.nif_error(:nif_not_loaded)
  def kit_normal(_n), do: :erlang.nif_error(:nif_not_loaded)
  def kit_yielding(_n), do: :erlang.nif_error(:nif_not_loaded)
  def kit_dirty(_n), do: :erlang.nif_error(:nif_not_loaded)
end

defmodule Cantilever.Bench.Overhead.Reschedule do
  @moduledoc false
  # The function that measures a reschedule: with a slice of no length every checkpoint ends it.

  use Cantilever.Nif,
    otp_app: :cantilever,
    crate: "overhead_reschedule",
    path: "bench/overhead/native/reschedule",
    load_data: [cantilever: [slice_us: 0]]

  def kit_reschedule(_times), do: :erlang.nif_error(:nif_not_loaded)
end

defmodule Cantilever.Bench.Overhead.Unwatched do
  @moduledoc false
  # The function that shows what watching for slow calls costs the others.

  use Cantilever.Nif,
    otp_app: :cantilever,
    crate: "overhead_unwatched",
    path: "bench/overhead/native/unwatched",
    load_data: [cantilever: [slow_ms: :off]]

  def kit_unwatched(_n), do: :erlang.nif_error(:nif_not_loaded)
end

defmodule Cantilever.Bench.Overhead.Server do
  @moduledoc false
  # What a call to another process costs.

  use GenServer

  @impl GenServer
  def init(nil), do: {:ok, nil}

  @impl GenServer
  def handle_call(n, _from, state), do: {:reply, n + 1, state}
end
