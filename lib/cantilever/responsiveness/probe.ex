defmodule Cantilever.Responsiveness.Probe do
  @moduledoc """
  Measures how quick the node is, as an ordinary process sees it.

      {:ok, probe} = Cantilever.Responsiveness.Probe.start_link()
      MyApp.Native.render(scene)
      Cantilever.Responsiveness.Probe.stop(probe)
      #=> %{answers: 1826, p50_us: 78, p90_us: 103, p99_us: 210, p999_us: 398, max_us: 404, histogram: …}

  At every whole millisecond, whether or not the last answers have come, it asks a process on each scheduler, and counts
  from the moment at which it meant to ask. So a wake-up that comes late counts as much as an answer that does, and a
  node that stands still for a second has kept a thousand questions waiting, not one. The milliseconds are those of the
  VM's timers, so that their own granularity is not in the figures.
  """

  use GenServer

  alias Cantilever.Responsiveness.Histogram
  alias Cantilever.Responsiveness.Probe.Echo

  @typedoc "How many answers came, and how long they took in microseconds."
  @type summary :: %{
          answers: non_neg_integer,
          p50_us: non_neg_integer,
          p90_us: non_neg_integer,
          p99_us: non_neg_integer,
          p999_us: non_neg_integer,
          max_us: non_neg_integer,
          histogram: Histogram.t()
        }

  @doc """
  Starts to ask, until `stop/1` or until the caller ends.

  With `echoes: pids` it asks these processes instead of its own: each is sent `{:ask, from, tag}` and has to send
  `{:answer, tag}` back to `from`.
  """
  @spec start_link(echoes: [pid]) :: GenServer.on_start()
  def start_link(options \\ []) do
    case options do
      [] ->
        GenServer.start_link(__MODULE__, {self(), :own})

      [echoes: [_ | _] = echoes] ->
        GenServer.start_link(__MODULE__, {self(), echoes})

      _other ->
        raise ArgumentError,
              "the only option of a probe is :echoes, a list of processes that is not empty, got: #{inspect(options)}"
    end
  end

  @doc "Stops asking, and tells what was seen. A question that is still open counts as if it were answered now."
  @spec stop(pid) :: summary
  def stop(probe) do
    histogram = GenServer.call(probe, :histogram, :infinity)
    :ok = GenServer.stop(probe, :normal, :infinity)

    summary(histogram)
  end

  @doc """
  Tells what was seen since it was started or asked the last time, and goes on.

  A question that is still open counts in the summary of the time in which it is answered.
  """
  @spec take(pid) :: summary
  def take(probe), do: probe |> GenServer.call(:take, :infinity) |> summary()

  @doc "The summary of a histogram of microseconds."
  @spec summary(Histogram.t()) :: summary
  def summary(histogram) do
    %{
      answers: Histogram.count(histogram),
      p50_us: Histogram.percentile(histogram, 50),
      p90_us: Histogram.percentile(histogram, 90),
      p99_us: Histogram.percentile(histogram, 99),
      p999_us: Histogram.percentile(histogram, 99.9),
      max_us: Histogram.max(histogram),
      histogram: histogram
    }
  end

  # `asked` is the moment, in milliseconds, of the last question, and `echoes` has for each process the moment of the last one that it
  # answered. The questions between them are open: a process answers them all, so its answers come in their order.
  @impl GenServer
  def init({owner, echoes}) do
    # The link alone would let the probe outlive a caller that ends normally.
    Process.monitor(owner)
    own = if echoes == :own, do: Echo.start_all(), else: []
    now = System.monotonic_time(:millisecond)

    state = %{
      own: own,
      echoes: Map.new(if(own == [], do: echoes, else: own), &{&1, now}),
      asked: now,
      histogram: Histogram.new()
    }

    {:ok, wait(state)}
  end

  # A probe that was itself held up asks for all the moments that passed meanwhile at once.
  @impl GenServer
  def handle_info({:timeout, _timer, :ask}, state) do
    now = max(System.monotonic_time(:millisecond), state.asked + 1)
    for {echo, _answered} <- state.echoes, do: send(echo, {:ask, self(), {echo, now}})
    {:noreply, wait(%{state | asked: now})}
  end

  def handle_info({:answer, {echo, moment}}, state), do: {:noreply, record(state, echo, moment)}

  def handle_info({:DOWN, _monitor, :process, _owner, _reason}, state),
    do: {:stop, :shutdown, state}

  # Also the moments count at which it should have asked, had it been let.
  @impl GenServer
  def handle_call(:histogram, _from, state) do
    now = max(System.monotonic_time(:millisecond), state.asked)

    %{histogram: histogram} =
      state.echoes |> Map.keys() |> Enum.reduce(state, &record(&2, &1, now))

    {:reply, histogram, state}
  end

  def handle_call(:take, _from, state),
    do: {:reply, state.histogram, %{state | histogram: Histogram.new()}}

  @impl GenServer
  def terminate(_reason, state) do
    for echo <- state.own do
      # Its end must not come back over the link as this process's own.
      Process.unlink(echo)
      Process.exit(echo, :kill)
    end
  end

  defp wait(state) do
    _timer = :erlang.start_timer(state.asked + 1, self(), :ask, abs: true)
    state
  end

  defp record(state, echo, moment) do
    now_us = System.monotonic_time(:microsecond)
    answered = Map.fetch!(state.echoes, echo)

    histogram =
      answered..moment
      |> Enum.drop(1)
      |> Enum.reduce(state.histogram, &Histogram.add(&2, max(now_us - &1 * 1_000, 0)))

    %{state | echoes: %{state.echoes | echo => moment}, histogram: histogram}
  end
end
