for file <- ~w(calibrate processes), do: Code.require_file("../support/#{file}.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.Loads do
  @moduledoc """
  Four callers that keep a node busy, in one way or another. Each call takes about 20 ms.

      :ok = Cantilever.Bench.WebSocket.Loads.prepare()
      Cantilever.Bench.WebSocket.Loads.start(:yielding, :infinity)
      Cantilever.Bench.WebSocket.Loads.stop()
      #=> 92.5 calls/s
  """

  alias Cantilever.Bench.Calibrate
  alias Cantilever.Bench.Processes
  alias Cantilever.Bench.Responsiveness.Calls
  alias Cantilever.Native
  alias Cantilever.Responsiveness.ElixirLoad

  @callers 4
  @call_us 20_000
  @modules Path.expand("../responsiveness/modules.exs", __DIR__)
  @compiled {__MODULE__, :compiled}
  @prepared {__MODULE__, :prepared}

  @type kind :: :yielding | :elixir | :dirty | :plain

  @doc "What each kind is called."
  @spec titles() :: [{kind | :idle, String.t()}]
  def titles do
    [
      idle: "idle",
      yielding: "#{@callers} callers of yielding work",
      elixir: "#{@callers} callers of pure Elixir",
      dirty: "#{@callers} callers of dirty NIFs",
      plain: "#{@callers} callers of plain NIFs"
    ]
  end

  @doc "The functions of other ways to run than the kit's, compiled for another VM."
  @spec calls!() :: {module, binary}
  def calls! do
    case :persistent_term.get(@compiled, nil) do
      nil ->
        [compiled] = Code.require_file(@modules)
        :persistent_term.put(@compiled, compiled)
        compiled

      compiled ->
        compiled
    end
  end

  @doc "Finds out how much work a call is."
  @spec prepare() :: :ok
  def prepare do
    yielding = Calibrate.input(&Native.intensive_calculation/1, 10_000_000, @call_us)
    plain = Calibrate.input(&plain(:sum_rustler_dirty, &1), 20_000_000, @call_us)

    :persistent_term.put(@prepared, %{
      yielding: fn -> Native.intensive_calculation(yielding) end,
      elixir: ElixirLoad.lasting(@call_us),
      dirty: fn -> plain(:sum_rustler_dirty, plain) end,
      plain: fn -> plain(:sum_rustler_normal, plain) end
    })
  end

  @doc "Starts the callers. They end after `limit_ms` by themselves."
  @spec start(kind, pos_integer | :infinity) :: true
  def start(kind, limit_ms) do
    %{^kind => call} = :persistent_term.get(@prepared)
    Process.register(spawn(fn -> keep(call, limit_ms) end), __MODULE__)
  end

  # The module is loaded when this one is compiled already.
  defp plain(function, input), do: apply(Calls, function, [input])

  @doc "Stops them, and says how many calls they have made in a second."
  @spec stop() :: float
  def stop do
    keeper = Process.whereis(__MODULE__)
    monitor = Process.monitor(keeper)
    send(keeper, {:stop, self()})

    receive do
      {:calls_per_s, calls_per_s} ->
        receive do: ({:DOWN, ^monitor, :process, ^keeper, _reason} -> calls_per_s)
    end
  end

  defp keep(call, limit_ms) do
    counter = :counters.new(1, [:write_concurrency])
    begun_ms = now_ms()
    # A number is less than the atom.
    end_ms = if limit_ms == :infinity, do: :infinity, else: begun_ms + limit_ms
    callers = for _caller <- 1..@callers, do: spawn_link(fn -> loop(call, counter, end_ms) end)

    receive do
      {:stop, stopper} ->
        calls_per_s = :counters.get(counter, 1) * 1_000 / (now_ms() - begun_ms)
        Enum.each(callers, &Processes.kill/1)
        send(stopper, {:calls_per_s, calls_per_s})
    end
  end

  defp loop(call, counter, end_ms) do
    call.()
    :counters.add(counter, 1, 1)
    if now_ms() < end_ms, do: loop(call, counter, end_ms)
  end

  defp now_ms, do: System.monotonic_time(:millisecond)
end
