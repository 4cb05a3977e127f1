defmodule MyApp.WorkTest do
  use ExUnit.Case, async: true

  alias MyApp.Work

  # A call tells the test of itself, and ends when the test says so.
  setup context do
    test = self()

    call = fn ->
      send(test, {:called, self()})
      receive do: (:return -> :ok)
    end

    work = Module.concat(context.module, "Work#{System.unique_integer([:positive])}")
    jobs = Map.new([:elixir, :yielding, :dirty, :plain], &{&1, call})
    options = [name: work, jobs: jobs] ++ Map.get(context, :work, [])
    start_supervised!({Work, options})
    %{work: work}
  end

  test "callers call until they are stopped", %{work: work} do
    assert {:ok, status} = Work.start(:yielding, 3, by: "ada", work: work)
    assert %{mode: :yielding, callers: 3, calls: 0, by: "ada", left_ms: left_ms} = status
    assert left_ms in 1..60_000

    callers = called(3)
    for caller <- callers, do: send(caller, :return)
    assert Enum.sort(called(3)) == Enum.sort(callers)
    assert %{calls: 3, mode: :yielding} = Work.status(work)

    monitors = Enum.map(callers, &Process.monitor/1)
    assert :ok = Work.stop(work)
    for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, :process, _pid, :killed})
    assert %{mode: nil, callers: 0, calls: 0, by: nil, left_ms: 0} = Work.status(work)
    assert :ok = Work.stop(work)
  end

  test "another start takes the place of the first", %{work: work} do
    assert {:ok, _status} = Work.start(:elixir, 2, work: work)
    monitors = for caller <- called(2), do: Process.monitor(caller)
    assert {:ok, %{mode: :dirty, callers: 1}} = Work.start(:dirty, 1, work: work)
    for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, :process, _pid, :killed})
    assert [_one] = called(1)
    assert %{mode: :dirty} = Work.status(work)
  end

  @tag work: [max_ms: 20]
  test "it ends by itself", %{work: work} do
    assert {:ok, _status} = Work.start(:yielding, 1, work: work)
    [caller] = called(1)
    monitor = Process.monitor(caller)
    assert_receive {:DOWN, ^monitor, :process, ^caller, :killed}
    assert %{mode: nil} = Work.status(work)
  end

  test "the plain function is called three times in all, and not again for a while", %{work: work} do
    assert {:ok, %{callers: 3}} = Work.start(:plain, 16, work: work)
    callers = called(3)
    monitors = for caller <- callers, do: Process.monitor(caller)
    assert {:error, {:overloaded, message}} = Work.start(:plain, 1, work: work)
    assert message =~ ~r/wait for \d+ s/

    for caller <- callers, do: send(caller, :return)
    for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, :process, _pid, :normal})
    assert idle(work)
    assert {:error, {:overloaded, _message}} = Work.start(:plain, 1, work: work)
    refute_received {:called, _pid}
    assert {:ok, _status} = Work.start(:yielding, 1, work: work)
  end

  @tag work: [plain_rest_ms: 0]
  test "one caller of the plain function makes the three calls one after the other", %{work: work} do
    assert {:ok, %{callers: 1}} = Work.start(:plain, 1, work: work)
    [caller] = called(1)
    monitor = Process.monitor(caller)
    for _ <- 1..2, do: assert([^caller] = called_again(caller))
    send(caller, :return)
    assert_receive {:DOWN, ^monitor, :process, ^caller, :normal}
    assert {:ok, _status} = Work.start(:plain, 2, work: work)
    assert [_one, _other] = called(2)
  end

  test "what is no work is refused, and stops nothing", %{work: work} do
    assert {:ok, _status} = Work.start(:yielding, 1, work: work)

    for {mode, callers} <- [
          {:yielding, 0},
          {:yielding, 17},
          {:yielding, 1.0},
          {:yielding, nil},
          {:other, 1},
          {"yielding", 1}
        ] do
      assert {:error, {:invalid_work, message}} = Work.start(mode, callers, work: work)
      assert message =~ "mode" or message =~ "from 1 to 16"
    end

    assert %{mode: :yielding, callers: 1} = Work.status(work)
  end

  test "callers end with whoever manages them", %{work: work} do
    assert {:ok, _status} = Work.start(:yielding, 2, work: work)
    monitors = for caller <- called(2), do: Process.monitor(caller)
    work |> Module.concat(Manager) |> Process.whereis() |> Process.exit(:kill)
    for monitor <- monitors, do: assert_receive({:DOWN, ^monitor, :process, _pid, _reason})
    assert until_started(work)
  end

  test "a caller that crashes is no work any more", %{work: work} do
    assert {:ok, _status} = Work.start(:yielding, 1, work: work)
    [caller] = called(1)
    monitor = Process.monitor(caller)
    Process.exit(caller, :kill)
    assert_receive {:DOWN, ^monitor, :process, ^caller, :killed}
    assert idle(work)
  end

  test "without its processes nothing runs, and nothing can be started" do
    assert %{mode: nil} = Work.status(:nobody)
    assert {:error, {:unavailable, _message}} = Work.start(:yielding, 1, work: :nobody)
    assert {:error, {:unavailable, _message}} = Work.stop(:nobody)
  end

  test "the application's own work is real" do
    for {mode, job} <- MyApp.Work.Job.all(), mode != :plain, do: assert(is_integer(job.()))
  end

  defp called(count) do
    for _ <- 1..count do
      assert_receive {:called, caller}
      caller
    end
  end

  defp called_again(caller) do
    send(caller, :return)
    called(1)
  end

  # The test may have heard of the end before the manager has.
  defp idle(work), do: Work.status(work).mode == nil or idle(work)

  defp until_started(work) do
    case Work.start(:yielding, 1, work: work) do
      {:ok, _status} -> true
      {:error, {:unavailable, _message}} -> until_started(work)
    end
  end
end
