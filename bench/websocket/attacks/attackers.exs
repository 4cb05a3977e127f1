for file <- ~w(../../support/processes attempts), do: Code.require_file("#{file}.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.Attacks.Attackers do
  @moduledoc false
  # The processes that attack, at a rate of their own: each makes its attempts at fixed times, and leaves out those that it comes too late for.

  use GenServer

  alias Cantilever.Bench.Processes
  alias Cantilever.Bench.WebSocket.Attacks.Attempts

  @attempts 1
  @refused 2
  @patience_ms 50_000

  @typedoc "How many attempts were made, how many of them the server has refused, and in what time."
  @type counts :: %{attempts: non_neg_integer, refused: non_neg_integer, ms: pos_integer}

  @doc "Starts an attack. Returns when each attacker has made its first attempt."
  @spec start(Attempts.attack(), Attempts.target()) :: :ok
  def start(attack, target) do
    {:ok, _pid} = GenServer.start(__MODULE__, {attack, target}, name: __MODULE__)
    GenServer.call(__MODULE__, :begun, @patience_ms)
  end

  @doc "Ends it. An attacker that has failed makes it fail."
  @spec stop() :: counts
  def stop do
    case GenServer.call(__MODULE__, :stop, @patience_ms) do
      {:ok, counts} -> counts
      {:error, reason} -> raise "an attack itself has failed: #{Exception.format_exit(reason)}"
    end
  end

  @impl GenServer
  def init({attack, target}) do
    Process.flag(:trap_exit, true)
    plan = Keyword.fetch!(Attempts.plans(), attack)
    counters = :counters.new(2, [:write_concurrency])
    every_ms = div(plan.attackers * 1_000, plan.per_s)
    now_ms = now_ms()
    server = self()

    attackers =
      for number <- 0..(plan.attackers - 1) do
        state = Attempts.new(plan, target, number)
        first_ms = now_ms + div(number * every_ms, plan.attackers)
        make = fn state -> count(counters, Attempts.make(attack, target, state)) end

        spawn_link(fn ->
          wait_until(first_ms)
          state = make.(state)
          send(server, :begun)
          go_on(make, state, first_ms + every_ms, every_ms)
        end)
      end

    {:ok,
     %{
       attackers: attackers,
       counters: counters,
       begun_ms: now_ms,
       not_begun: plan.attackers,
       waiting: nil,
       failed: nil
     }}
  end

  @impl GenServer
  def handle_call(:begun, from, state), do: tell_begun(%{state | waiting: from})

  def handle_call(:stop, _from, state) do
    ms = max(now_ms() - state.begun_ms, 1)
    Enum.each(state.attackers, &Processes.kill/1)

    counts = %{
      attempts: :counters.get(state.counters, @attempts),
      refused: :counters.get(state.counters, @refused),
      ms: ms
    }

    answer = if state.failed, do: {:error, state.failed}, else: {:ok, counts}
    {:stop, :normal, answer, state}
  end

  @impl GenServer
  def handle_info(:begun, state), do: tell_begun(%{state | not_begun: state.not_begun - 1})
  # Whoever waits for its first attempt is not to wait for that of one that has failed.
  def handle_info({:EXIT, _attacker, reason}, state),
    do: tell_begun(%{state | failed: state.failed || reason, not_begun: 0})

  defp tell_begun(%{waiting: from, not_begun: left} = state) when from != nil and left <= 0 do
    GenServer.reply(from, :ok)
    {:noreply, %{state | waiting: nil}}
  end

  defp tell_begun(state), do: {:noreply, state}

  defp go_on(make, state, at_ms, every_ms) do
    wait_until(at_ms)
    state = make.(state)
    late = max(now_ms() - at_ms, 0)
    go_on(make, state, at_ms + every_ms * (1 + div(late, every_ms)), every_ms)
  end

  defp wait_until(at_ms), do: receive(after: (max(at_ms - now_ms(), 0) -> :ok))

  defp count(counters, {refused, state}) do
    :counters.add(counters, @attempts, 1)
    :counters.add(counters, @refused, refused)
    state
  end

  defp now_ms, do: System.monotonic_time(:millisecond)
end
