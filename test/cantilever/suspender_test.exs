defmodule Cantilever.SuspenderTest do
  use ExUnit.Case, async: true

  import Cantilever.Eventually

  alias Cantilever.Suspender

  setup do
    # A suspender of the test's own, so that it may ask for anything.
    suspender =
      start_supervised!(%{id: :suspender, start: {GenServer, :start_link, [Suspender, []]}})

    waiting = spawn_link(fn -> receive(do: (:stop -> :ok)) end)
    %{suspender: suspender, waiting: waiting}
  end

  test "suspends a process until it is resumed", %{suspender: suspender, waiting: waiting} do
    send(suspender, {:suspend, waiting, 1})
    eventually(fn -> status(waiting) == :suspended end)
    send(suspender, {:resume, waiting, 1})
    eventually(fn -> status(waiting) == :waiting end)
    assert kept(suspender) == 0
  end

  test "counts suspensions of one process", %{suspender: suspender, waiting: waiting} do
    for key <- [1, 2], do: send(suspender, {:suspend, waiting, key})
    send(suspender, {:resume, waiting, 1})
    assert kept(suspender) == 1
    eventually(fn -> status(waiting) == :suspended end)
    send(suspender, {:resume, waiting, 2})
    eventually(fn -> status(waiting) == :waiting end)
  end

  test "ignores what it does not know", %{suspender: suspender, waiting: waiting} do
    send(suspender, {:resume, waiting, 7})
    send(suspender, :hello)
    assert kept(suspender) == 0
    assert status(waiting) == :waiting
  end

  test "forgets a process that has died, before or after", %{suspender: suspender} do
    {dead, monitor} = spawn_monitor(fn -> :ok end)
    assert_receive {:DOWN, ^monitor, :process, ^dead, :normal}
    send(suspender, {:suspend, dead, 1})

    killed = spawn(fn -> receive(do: (:stop -> :ok)) end)
    send(suspender, {:suspend, killed, 2})
    eventually(fn -> status(killed) == :suspended end)
    Process.exit(killed, :kill)
    eventually(fn -> kept(suspender) == 0 end)
    send(suspender, {:resume, killed, 2})
    assert kept(suspender) == 0
  end

  test "leaves nobody suspended when it dies", %{suspender: suspender, waiting: waiting} do
    send(suspender, {:suspend, waiting, 1})
    eventually(fn -> status(waiting) == :suspended end)
    Process.exit(suspender, :kill)
    eventually(fn -> status(waiting) == :waiting end)
  end

  test "keeps the order of its messages whatever the VM's default is" do
    pid = Process.whereis(Suspender)
    assert Process.info(pid, :message_queue_data) == {:message_queue_data, :on_heap}
  end

  defp kept(suspender), do: :ets.info(:sys.get_state(suspender), :size)

  defp status(pid) do
    {:status, status} = Process.info(pid, :status)
    status
  end
end
