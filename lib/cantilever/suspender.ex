defmodule Cantilever.Suspender do
  @moduledoc false
  # Suspends processes while their native calls wait (for a permit, or for a future's waker), and resumes them. A
  # native function can give up its scheduler but not sleep, so it asks this process by its name: `{:suspend, pid,
  # key}`, and later, once for each, `{:resume, pid, key}`.
  #
  # `:erlang.suspend_process/2` is dangerous where two processes might suspend each other, or where one is caught in
  # the middle of something. Here nobody suspends the suspender, and a process is suspended only between two steps of
  # a native call that has asked for it. If this process dies, the VM resumes them all, and they ask anew.
  #
  # Who is suspended stands in a table and not on the heap: a large heap is collected on a dirty CPU scheduler, and those
  # may all be taken by the very calls that others wait for.

  use GenServer

  # Of each key, the monitor of its process.
  @typep state :: :ets.tid()

  # With messages off its heap (`+hmqd off_heap`), the VM may let those of different senders overtake each other, and a
  # process that is resumed before it is suspended would stay so.
  @spec start_link(keyword()) :: GenServer.on_start()
  def start_link(_opts) do
    GenServer.start_link(__MODULE__, [],
      name: __MODULE__,
      spawn_opt: [message_queue_data: :on_heap]
    )
  end

  @impl GenServer
  @spec init([]) :: {:ok, state()}
  def init([]) do
    # Who waits gives up one time slice after the other until it is suspended.
    _ = Process.flag(:priority, :high)
    {:ok, :ets.new(__MODULE__, [:set, :private])}
  end

  @impl GenServer
  def handle_info({:suspend, pid, key}, suspended) do
    true = :erlang.suspend_process(pid, [:asynchronous])
    true = :ets.insert(suspended, {key, :erlang.monitor(:process, pid, tag: {:down, key})})
    {:noreply, suspended}
  catch
    # It has died meanwhile.
    :error, :badarg -> {:noreply, suspended}
  end

  # Who ends a suspension knows that it was asked for, so that message was here before. What is unknown belongs to
  # a process that has died, or was asked of a suspender before this one.
  def handle_info({:resume, pid, key}, suspended) do
    for {^key, monitor} <- :ets.take(suspended, key) do
      Process.demonitor(monitor, [:flush])
      resume(pid)
    end

    {:noreply, suspended}
  end

  def handle_info({{:down, key}, _monitor, :process, _pid, _reason}, suspended) do
    true = :ets.delete(suspended, key)
    {:noreply, suspended}
  end

  def handle_info(_unknown, suspended), do: {:noreply, suspended}

  defp resume(pid) do
    :erlang.resume_process(pid)
  catch
    # It has died meanwhile.
    :error, :badarg -> true
  end
end
