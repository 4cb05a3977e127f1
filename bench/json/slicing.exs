defmodule Cantilever.Bench.JSON.Slicing do
  @moduledoc """
  What the yielding costs: one caller decodes a large document with slices as they are and as good as without any.

      Cantilever.Bench.JSON.Slicing.measure(codec, text, library, quick?)
      #=> %{sliced: [84_000_000.0, …], unsliced: [81_000_000.0, …]}      (nanoseconds)
  """

  alias Cantilever.Bench
  alias Cantilever.Bench.JSON.{Codecs, Throughput, Ways}
  alias Cantilever.Bench.Reload

  @type t :: %{sliced: [float, ...], unsliced: [float, ...]}

  @doc "Measures both in turns; the library is left with the settings that it has by default."
  @spec measure(Codecs.t(), binary, Reload.compiled(), boolean) :: t
  def measure(codec, text, library, quick?) do
    measurements =
      for {name, settings} <- [sliced: [], unsliced: Ways.unsliced()] do
        {name,
         fn ->
           :ok = Reload.with_settings!(library, settings)
           Throughput.ns_per_call(codec.decode, text, if(quick?, do: 50, else: 500))
         end}
      end

    samples = Bench.rounds(measurements, if(quick?, do: 3, else: 11))
    :ok = Reload.with_settings!(library, [])
    samples
  end
end
