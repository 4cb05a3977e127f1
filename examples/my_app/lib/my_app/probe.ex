defmodule MyApp.Probe do
  @moduledoc """
  Measures how quick the node is, as an ordinary process sees it.

      probe = MyApp.Probe.start()
      MyApp.Native.render_fractal(3000, 2000, 500)
      MyApp.Probe.stop(probe)
      #=> %{count: 913, p50_us: 78, p99_us: 210, max_us: 404}

  At every whole millisecond, whether or not the last answer has come, it asks another process, and counts from the
  moment at which it meant to ask. So a wake-up that comes late counts as much as an answer that does.
  """

  use GenServer

  alias MyApp.Probe.Histogram

  @typedoc "How many answers came, and how long they took in microseconds."
  @type summary :: %{
          count: non_neg_integer(),
          p50_us: non_neg_integer(),
          p99_us: non_neg_integer(),
          max_us: non_neg_integer()
        }

  @doc "Starts to ask the process `echo`, until `stop/1` or until the caller ends."
  @spec start(GenServer.server()) :: pid()
  def start(echo \\ MyApp.Echo) do
    {:ok, probe} = GenServer.start_link(__MODULE__, echo)
    probe
  end

  @doc "Stops asking, and tells what was seen. A question still open counts as if it were answered now."
  @spec stop(pid()) :: summary()
  def stop(probe) do
    summary = GenServer.call(probe, :summary, :infinity)
    :ok = GenServer.stop(probe)
    summary
  end

  # `asked` and `answered` are the moments, in milliseconds, of the last question and of the last one answered. The
  # questions between them are open: one process answers them all, so the answers come in their order.
  @impl GenServer
  def init(echo) do
    now = System.monotonic_time(:millisecond)
    {:ok, wait(%{echo: echo, asked: now, answered: now, histogram: Histogram.new()})}
  end

  @impl GenServer
  def handle_info({:timeout, _timer, :ask}, state) do
    moment = state.asked + 1
    send(state.echo, {:ask, self(), moment})
    {:noreply, wait(%{state | asked: moment})}
  end

  def handle_info({:answer, moment}, state), do: {:noreply, record(state, moment)}

  @impl GenServer
  def handle_call(:summary, _from, state) do
    open = Enum.drop(state.answered..state.asked, 1)
    %{histogram: histogram} = Enum.reduce(open, state, &record(&2, &1))

    summary = %{
      count: Histogram.count(histogram),
      p50_us: Histogram.percentile(histogram, 50),
      p99_us: Histogram.percentile(histogram, 99),
      max_us: Histogram.max(histogram)
    }

    {:reply, summary, state}
  end

  # A moment that has passed already is not skipped: its timer fires at once.
  defp wait(state) do
    _timer = :erlang.start_timer(state.asked + 1, self(), :ask, abs: true)
    state
  end

  defp record(state, moment) do
    meant = System.convert_time_unit(moment, :millisecond, :native)

    took = System.convert_time_unit(System.monotonic_time() - meant, :native, :microsecond)

    %{state | answered: moment, histogram: Histogram.add(state.histogram, max(took, 0))}
  end
end
