defmodule Cantilever.Responsiveness.LongSchedules do
  @moduledoc false
  # The VM's reports of processes that ran for long without letting another one run, for any number of subscribers side by side.
  #
  # A node has but one system monitor (`:erlang.system_monitor/2`). This process is it for as long as there are subscribers: with the
  # lowest of their thresholds, and with what somebody else had asked for before, to whom it forwards what he would have got. When the
  # last subscriber has gone, it sets what was set before.

  use GenServer

  alias Cantilever.Responsiveness.ReportsLost

  @typedoc "What a subscriber is sent: who ran for how long (ms), and where it was when it began and when it ended."
  @type report ::
          {:long_schedule, reference, pid | port, ms :: pos_integer, entered :: mfa | :undefined,
           left :: mfa | :undefined}

  @doc false
  @spec start_link(keyword) :: GenServer.on_start()
  def start_link(options),
    do: GenServer.start_link(__MODULE__, nil, Keyword.put_new(options, :name, __MODULE__))

  @doc """
  Sends a `t:report/0` to the calling process for all that run for more than `threshold_ms`, until `unsubscribe/1` or its end.

  The VM counts whole milliseconds that have begun, so what runs for one millisecond longer than the threshold is reported for
  certain, and what runs only a little longer now and then.
  """
  @spec subscribe(pos_integer) :: reference
  def subscribe(threshold_ms) do
    GenServer.call(__MODULE__, {:subscribe, self(), threshold_ms}, :infinity)
  catch
    :exit, {:noproc, _call} ->
      raise "the application :cantilever is not started: call Application.ensure_all_started(:cantilever) first"
  end

  @doc "Returns when the caller has been sent all the reports of what had ended before."
  @spec sync() :: :ok
  def sync, do: GenServer.call(__MODULE__, :sync, :infinity)

  @doc """
  Ends a subscription, after all the reports of what had ended before.

  The error says that reports were lost, as this process was not the system monitor all the time: somebody else has made
  himself that, or this process was restarted.
  """
  @spec unsubscribe(reference) :: :ok | {:error, :reports_lost}
  def unsubscribe(reference) do
    :ok = sync()
    GenServer.call(__MODULE__, {:unsubscribe, reference}, :infinity)
  end

  @doc "Ends a subscription, and raises if reports were lost, as then nothing is known of holds."
  @spec finish!(reference) :: :ok
  def finish!(reference) do
    with {:error, :reports_lost} <- unsubscribe(reference), do: raise(ReportsLost)
  end

  # `subscribers` maps the monitor of each to its pid and threshold, `lost` has those that missed something; `other` is what somebody
  # else had set, with a monitor of him.
  @impl GenServer
  def init(nil) do
    # So that `terminate/2` is called.
    Process.flag(:trap_exit, true)
    {:ok, %{subscribers: %{}, lost: MapSet.new(), other: nil, syncing: %{}}}
  end

  @impl GenServer
  def handle_call({:subscribe, pid, threshold_ms}, _from, state) do
    reference = Process.monitor(pid)
    state = note_loss(state)
    state = put_in(state.subscribers[reference], {pid, threshold_ms})
    {:reply, reference, apply_settings(state)}
  end

  def handle_call({:unsubscribe, reference}, _from, state) do
    state = note_loss(state)
    seen_all? = is_map_key(state.subscribers, reference) and reference not in state.lost
    if is_map_key(state.subscribers, reference), do: Process.demonitor(reference, [:flush])
    {:reply, if(seen_all?, do: :ok, else: {:error, :reports_lost}), drop(state, reference)}
  end

  # The VM answers this through the queue in which its reports are, when each scheduler has ended what it was running.
  def handle_call(:sync, from, state) do
    {:noreply, put_in(state.syncing[:erlang.trace_delivered(:all)], from)}
  end

  @impl GenServer
  def handle_info({:monitor, subject, :long_schedule, info} = report, state) do
    # Of a port the VM tells what it did instead of where it stood.
    ms = Keyword.fetch!(info, :timeout)
    entered = Keyword.get(info, :in, :undefined)
    left = Keyword.get(info, :out, :undefined)

    for {reference, {pid, threshold_ms}} <- state.subscribers, ms > threshold_ms do
      send(pid, {:long_schedule, reference, subject, ms, entered, left})
    end

    with %{pid: pid, settings: settings} <- state.other,
         {:long_schedule, threshold_ms} when ms > threshold_ms <-
           List.keyfind(settings, :long_schedule, 0) do
      send(pid, report)
    end

    {:noreply, state}
  end

  def handle_info({:monitor, _subject, _what, _info} = report, state) do
    with %{pid: pid} <- state.other, do: send(pid, report)
    {:noreply, state}
  end

  def handle_info({:trace_delivered, :all, reference}, state) do
    {from, syncing} = Map.pop!(state.syncing, reference)
    GenServer.reply(from, :ok)
    {:noreply, %{state | syncing: syncing}}
  end

  def handle_info(
        {:DOWN, reference, :process, _pid, _reason},
        %{other: %{monitor: reference}} = state
      ) do
    {:noreply, apply_settings(%{state | other: nil})}
  end

  def handle_info({:DOWN, reference, :process, _pid, _reason}, state),
    do: {:noreply, drop(state, reference)}

  def handle_info(_other, state), do: {:noreply, state}

  @impl GenServer
  def terminate(_reason, state), do: apply_settings(%{state | subscribers: %{}})

  defp drop(state, reference) do
    state = note_loss(state)

    apply_settings(%{
      state
      | subscribers: Map.delete(state.subscribers, reference),
        lost: MapSet.delete(state.lost, reference)
    })
  end

  # Whoever took the system monitor over may have gone since, so it is noted each time before it is set again.
  defp note_loss(state) do
    case :erlang.system_monitor() do
      {pid, _settings} when pid == self() -> state
      _not_this -> %{state | lost: state.subscribers |> Map.keys() |> MapSet.new()}
    end
  end

  defp apply_settings(%{subscribers: subscribers} = state) when map_size(subscribers) == 0 do
    case :erlang.system_monitor() do
      {pid, _settings} when pid == self() -> restore(state.other)
      _somebody_else_since -> :ok
    end

    forget(state)
  end

  defp apply_settings(state) do
    {_pid, lowest_ms} = state.subscribers |> Map.values() |> Enum.min_by(fn {_pid, ms} -> ms end)
    state = notice(state, :erlang.system_monitor())
    _ = :erlang.system_monitor(self(), merged(state.other, lowest_ms))
    state
  end

  defp notice(state, {pid, settings}) when pid != self() do
    %{forget(state) | other: %{pid: pid, settings: settings, monitor: Process.monitor(pid)}}
  end

  defp notice(state, _own_or_none), do: state

  defp forget(%{other: nil} = state), do: state

  defp forget(%{other: %{monitor: monitor}} = state) do
    Process.demonitor(monitor, [:flush])
    %{state | other: nil}
  end

  defp merged(nil, lowest_ms), do: [long_schedule: lowest_ms]

  defp merged(%{settings: settings}, lowest_ms) do
    {_long_schedule, theirs_ms} =
      List.keyfind(settings, :long_schedule, 0, {:long_schedule, lowest_ms})

    [
      {:long_schedule, min(lowest_ms, theirs_ms)}
      | List.keydelete(settings, :long_schedule, 0)
    ]
  end

  defp restore(nil) do
    _ = :erlang.system_monitor(:undefined)
    :ok
  end

  defp restore(%{pid: pid, settings: settings}) do
    _ = :erlang.system_monitor(pid, settings)
    :ok
  rescue
    # He has ended just now, and with him his settings.
    ArgumentError -> restore(nil)
  end
end
