defmodule MyApp.Panel do
  @moduledoc """
  Measures the node while somebody looks, and tells the room `"panel"` about four times a second.

  Who is in that room gets the event `stats`, which is not stored:

      {"interval_ms": 251,
       "probe": {"answers": 502, "p50_us": 71, "p99_us": 190, "max_us": 402, "histogram": [[71, 12], …]},
       "schedulers": [0.42, 0.38], "dirty_cpu": [0.0, 0.0], "dirty_io": 0.01,
       "run_queues": {"normal": [0, 1], "dirty_cpu": 0, "dirty_io": 0},
       "work": {"mode": "yielding", "callers": 4, "calls": 312, "by": "ada", "left_ms": 58203}}

  `probe` is what `Cantilever.Responsiveness.Probe` has seen since the last event, and its `histogram` has the buckets that are not
  empty: the largest number of microseconds that falls into each, and how many waits did. The shares are those of the same time in
  which a scheduler was at work. Queues are what they are at the moment.

  While the room is empty nothing is measured, as measuring is work too: two questions a millisecond on a node with two
  schedulers.

  ## Options

    * `:name` - `MyApp.Panel` by default
    * `:chat` - the chat, `MyApp.Chat` by default
    * `:room` - the room, `"panel"` by default
    * `:work` - the name of the `MyApp.Work`, that by default
    * `:interval_ms` - between two events, 250 by default
    * `:idle_ms` - how often to look whether somebody has come, 500 by default
    * `:notify` - what tells a room, `&Cantilever.Chat.notify/5` by default
  """

  use GenServer

  alias Cantilever.Chat
  alias Cantilever.Responsiveness.Probe
  alias MyApp.Panel.Figures
  alias MyApp.Work

  @defaults [
    name: __MODULE__,
    chat: MyApp.Chat,
    room: "panel",
    work: Work,
    interval_ms: 250,
    idle_ms: 500,
    notify: &Chat.notify/5
  ]

  # Who sends the event.
  @node_id "node"

  @doc "Starts to look whether somebody is in the room. See the module for the options."
  @spec start_link(keyword()) :: GenServer.on_start()
  def start_link(options \\ []) do
    options = options |> Keyword.validate!(@defaults) |> Map.new()
    GenServer.start_link(__MODULE__, options, name: options.name)
  end

  @doc "The room that is told, of the application's own panel."
  @spec room() :: String.t()
  def room, do: @defaults[:room]

  @impl GenServer
  def init(options) do
    send(self(), :look)
    {:ok, %{options: options, watch: nil}}
  end

  @impl GenServer
  def handle_info(:look, state) do
    state = if watched?(state.options), do: tell(state), else: rest(state)
    {options, next} = {state.options, if(state.watch, do: :interval_ms, else: :idle_ms)}
    _timer = Process.send_after(self(), :look, Map.fetch!(options, next))
    {:noreply, state}
  end

  # A chat that is just being restarted has nobody in any room.
  defp watched?(%{chat: chat, room: room}) do
    match?({:ok, [_ | _]}, Chat.members(chat, room))
  rescue
    ArgumentError -> false
  end

  defp tell(%{watch: nil} = state) do
    {:ok, probe} = Probe.start_link()
    _ = :erlang.system_flag(:scheduler_wall_time, true)
    %{state | watch: %{probe: probe, work: Figures.work(), at_ms: now_ms()}}
  end

  defp tell(%{options: options, watch: watch} = state) do
    {work, at_ms} = {Figures.work(), now_ms()}

    stats =
      Figures.stats(%{
        interval_ms: at_ms - watch.at_ms,
        probe: Probe.take(watch.probe),
        before: watch.work,
        now: work,
        queues: :erlang.statistics(:run_queue_lengths_all),
        work: Work.status(options.work)
      })

    # To somebody who is gone by now it is no loss.
    _ = options.notify.(options.chat, options.room, @node_id, "stats", stats)
    %{state | watch: %{watch | work: work, at_ms: at_ms}}
  end

  defp rest(%{watch: nil} = state), do: state

  defp rest(%{watch: %{probe: probe}} = state) do
    _seen = Probe.stop(probe)
    _ = :erlang.system_flag(:scheduler_wall_time, false)
    %{state | watch: nil}
  end

  defp now_ms, do: System.monotonic_time(:millisecond)
end
