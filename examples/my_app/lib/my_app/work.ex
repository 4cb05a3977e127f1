defmodule MyApp.Work do
  @moduledoc """
  Heavy work on demand, to see what the rest of the node feels of it.

      {:ok, %{mode: :yielding, callers: 4}} = MyApp.Work.start(:yielding, 4)
      MyApp.Work.status()
      #=> %{mode: :yielding, callers: 4, calls: 312, by: nil, left_ms: 58203}
      :ok = MyApp.Work.stop()

  Callers loop around a computation of about 20 ms, Σ i², which runs in one of these ways:

  | mode | a call is | what others feel |
  |---|---|---|
  | `:elixir` | a loop in pure Elixir | nothing: the VM preempts it |
  | `:yielding` | `MyApp.Native.intensive_calculation/1` | as little |
  | `:dirty` | `MyApp.Native.intensive_calculation_dirty/1` | waits of some milliseconds, for a core |
  | `:plain` | `MyApp.Native.hold_scheduler/1`, for a second | a standstill: what not to do |

  There is one kind of work at a time, and each start ends what runs. All of it ends by itself after a minute. The plain
  function cannot be stopped, so it has limits of its own: three calls in all, and a rest after them.

  ## The tree

      MyApp.Work              one_for_all
      ├── Callers             Task.Supervisor, its children temporary
      └── Manager             who works, and for how long

  Where the manager dies, nobody would stop the callers: they end with it.

  ## Errors

  `{:error, {reason, message}}`:

  | reason | what happened |
  |---|---|
  | `:invalid_work` | there is no such mode, or the number of callers is none from 1 to `:max_callers` |
  | `:overloaded` | the plain function was called a short while ago |
  | `:unavailable` | it is just being restarted: try again |

  ## Options of the supervisor

    * `:name` - `MyApp.Work` by default
    * `:max_callers` - 16 by default
    * `:max_ms` - after how long work ends by itself, 60000 by default
    * `:plain_calls` - how many calls of the plain function a start makes, 3 by default
    * `:plain_rest_ms` - how long after a start of it there is no other, 10000 by default
    * `:jobs` - what a call is in each mode, for tests: a map of functions without arguments
  """

  use Supervisor

  alias MyApp.Work.Job
  alias MyApp.Work.Manager

  @typedoc "How a call runs."
  @type mode :: :elixir | :yielding | :dirty | :plain

  @typedoc """
  What goes on: `mode` is nil where nothing does. `calls` is how many have ended since the start, `by` who started it.
  """
  @type status :: %{
          mode: mode() | nil,
          callers: non_neg_integer(),
          calls: non_neg_integer(),
          by: String.t() | nil,
          left_ms: non_neg_integer()
        }

  @typedoc "Why there is no work: see the table above."
  @type error :: {:error, {reason :: atom(), message :: String.t()}}

  @idle %{mode: nil, callers: 0, calls: 0, by: nil, left_ms: 0}

  @defaults [
    name: __MODULE__,
    max_callers: 16,
    max_ms: 60_000,
    plain_calls: 3,
    plain_rest_ms: 10_000,
    jobs: nil
  ]

  @doc "Starts the processes behind the work. See the module for the options."
  @spec start_link(keyword()) :: Supervisor.on_start()
  def start_link(options \\ []) do
    options = options |> Keyword.validate!(@defaults) |> Map.new()
    Supervisor.start_link(__MODULE__, options, name: options.name)
  end

  @impl Supervisor
  def init(%{name: name} = options) do
    jobs = options.jobs || Job.all()

    children = [
      {Task.Supervisor, name: callers(name)},
      {Manager, {manager(name), callers(name), %{options | jobs: jobs}}}
    ]

    # Callers that nobody manages would go on for ever, and the manager has nobody to start others with.
    Supervisor.init(children, strategy: :one_for_all)
  end

  @doc """
  Has so many callers work in this mode, in place of those that work now.

  Options: `:by`, who wants it, to be told in the status, and `:work`, the name of the supervisor.
  """
  @spec start(mode(), pos_integer(), keyword()) :: {:ok, status()} | error()
  def start(mode, callers, options \\ []) do
    options = Keyword.validate!(options, by: nil, work: __MODULE__)
    call(options[:work], {:start, mode, callers, options[:by]})
  end

  @doc "Ends the work, if there is any. A call of the plain function that runs goes on to its end, for a second at most."
  @spec stop(atom()) :: :ok | error()
  def stop(work \\ __MODULE__), do: call(work, :stop)

  @doc "What goes on."
  @spec status(atom()) :: status()
  def status(work \\ __MODULE__) do
    case call(work, :status) do
      {:error, _away} -> @idle
      status -> status
    end
  end

  @doc false
  @spec idle() :: status()
  def idle, do: @idle

  defp call(name, request) do
    GenServer.call(manager(name), request)
  catch
    :exit, _away -> {:error, {:unavailable, "the work is just being restarted; try again"}}
  end

  defp manager(name), do: Module.concat(name, "Manager")
  defp callers(name), do: Module.concat(name, "Callers")
end
