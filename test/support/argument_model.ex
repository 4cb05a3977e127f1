defmodule Cantilever.ArgumentModel do
  @moduledoc false
  # What each function of test/native/kit_nif does with any arguments, in plain Elixir: which it accepts, and what comes of
  # those. `check/4` calls a function and compares.

  alias Cantilever.ArgumentModel.{Results, Types}
  alias Cantilever.TermGenerator, as: Generator

  @taking for type <- Types.taken(),
              {name, rest} <- [take: [], yield: [n: :steps], dirty_cpu: [], dirty_io: []],
              do: {:"#{name}_#{type}", [{:value, type} | rest]}

  # The arguments by their names in Rust. `:steps` is a u32 of which only small values are tried, as each is a checkpoint.
  @functions @taking ++
               [
                 take_binary: [value: :shared],
                 dirty_cpu_binary: [value: :shared],
                 take_str: [value: :string],
                 dirty_cpu_str: [value: :string],
                 take_term: [value: :any],
                 dirty_cpu_term: [value: :any],
                 owned_binary: [length: :u16],
                 addresses: [value: :shared, n: :steps],
                 address: [value: :shared],
                 kind_yielding: [n: :steps],
                 rustler_add: [a: :i64, b: :i64],
                 rustler_dirty_add: [a: :i64, b: :i64],
                 file_size: [path: :string],
                 half: [number: :i64],
                 yield_half: [number: :i64, n: :steps],
                 binary_result: [length: :i64],
                 yield_binary_result: [length: :i64, n: :steps],
                 rustler_error: [kind: :string],
                 yield_rustler_error: [kind: :string, n: :steps],
                 panic_normal: [message: :string],
                 panic_dirty_cpu: [message: :string],
                 panic_dirty_io: [message: :string],
                 panic_yielding: [message: :string, n: :steps],
                 panic_decode: [value: :any],
                 yield_panic_decode: [value: :any],
                 yield_panic_encode: [n: :steps],
                 yield_panic_drop: [n: :steps],
                 panic_parallel: [at: :u32],
                 panic_spawned: [message: :string],
                 panic_thread: [message: :string],
                 spin_dirty_cpu: [tell_pid: :pid],
                 spin_dirty_io: [tell_pid: :pid],
                 spin_parallel: [tell_pid: :pid],
                 yield_token: [n: :steps],
                 counter_new: [value: :i64],
                 counter_add: [counter: {:handle, :counter}, amount: :i64],
                 counter_add_yielding: [counter: {:handle, :counter}, amount: :steps],
                 yield_sum: [numbers: :list, chunk: :u64],
                 plain_sum: [numbers: :list],
                 yield_joined: [a: :steps, b: :steps],
                 yield_by_waking: [n: :steps],
                 yield_large: [n: :steps],
                 build_map: [keys: :list],
                 offload_kinds: [slices: :steps],
                 offload_sum: [numbers: :list],
                 continue_rebuild: [list: :any],
                 continue_steps: [until: :steps, kept: :any],
                 continue_panic: [until: :steps, kept: :any],
                 continue_result: [refused: :bool, kept: :any],
                 slot_put: [slot: {:handle, :slot}, value: :i64],
                 slot_waited_for: [slot: {:handle, :slot}],
                 slot_references: [slot: {:handle, :slot}],
                 slot_take: [slot: {:handle, :slot}],
                 slot_take_then_work: [slot: {:handle, :slot}, n: :steps],
                 live_handle: [bytes: :shared],
                 live_handle_sum: [handle: {:handle, :live}],
                 sum_normal: [bytes: :shared],
                 endless_dirty_cpu: [bytes: :shared],
                 endless_dirty_io: [bytes: :shared],
                 endless_parallel: [bytes: :shared],
                 endless_yielding: [bytes: :shared],
                 endless_continuation: [bytes: :shared, kept: :any],
                 endless_parked: [slot: {:handle, :slot}, bytes: :shared],
                 endless_with_thread: [bytes: :shared],
                 rustler_counter_next: [counter: {:handle, :rustler}]
               ]

  # Plain rustler's say no more than "argument error".
  @rustler [:rustler_add, :rustler_dirty_add]

  # With arguments that they accept, these do not end, or panic without a caller.
  @endless ["spin_", "endless_", "panic_thread", "panic_spawned"]

  # How long some of these take is all that they are told; others wait for one another, write to the Logger, run
  # programs, or insist on what their own tests give.
  @left_out [
    :build_each,
    :build_own_each,
    :build_own_list,
    :build_elements,
    :sleep_ms,
    :hold_ms,
    :hold_sometimes,
    :hold_dirty_ms,
    :yield_forgetting,
    :yield_then_forget,
    :yield_for_ms,
    :rustler_dirty_for_ms,
    :door_open,
    :door_running,
    :door_most,
    :door_order,
    :enter_dirty_cpu,
    :enter_dirty_io,
    :enter_one_by_one,
    :continue_panic_drop,
    :log_at,
    :log_yielding,
    :log_dirty,
    :log_parallel,
    :log_thread,
    :log_in_drop,
    :log_burst,
    :run_program
  ]

  @most_steps 2_000

  @type handles :: %{module() => %{atom() => reference()}}
  @type expectation :: Results.t() | {:bad, pos_integer()}

  @spec functions() :: [{atom(), keyword(Types.t())}]
  def functions, do: @functions

  @spec left_out() :: [atom()]
  def left_out, do: @left_out

  # A handle of each kind for each module. The slots are full, so that nobody waits for them.
  @spec handles([module()]) :: handles()
  def handles(modules) do
    for module <- modules, into: %{} do
      slot = module.slot_new()
      true = module.slot_put(slot, 1)

      handles = %{
        counter: module.counter_new(0),
        slot: slot,
        live: module.live_handle("abc"),
        other: module.other_new()
      }

      rustler =
        Code.ensure_loaded?(module) and function_exported?(module, :rustler_counter_new, 0)

      {module,
       if(rustler, do: Map.put(handles, :rustler, module.rustler_counter_new()), else: handles)}
    end
  end

  # Arguments of which each is of its type, or near to it, or anything.
  @spec arguments(keyword(Types.t()), handles()) :: [term()]
  def arguments(parameters, handles) do
    for {_name, type} <- parameters do
      case :rand.uniform(8) do
        1 -> Generator.term()
        2 -> handles |> Map.values() |> Generator.pick() |> Map.values() |> Generator.pick()
        3 -> type |> Types.generate(handles) |> Types.spoil()
        _right -> Types.generate(type, handles)
      end
    end
  end

  # `nil`, or what is wrong with the outcome of the call.
  @spec check(module(), atom(), [term()], handles()) :: String.t() | nil
  def check(module, name, arguments, handles) do
    case expectation(module, name, arguments, handles) do
      :untried -> nil
      expected -> compare(expected, outcome(module, name, arguments), module, name)
    end
  end

  @spec expectation(module(), atom(), [term()], handles()) :: expectation()
  def expectation(module, name, arguments, handles) do
    types = Keyword.values(@functions[name])

    wrong =
      types
      |> Enum.zip(arguments)
      |> Enum.find_index(fn {type, term} -> not Types.accepts?(type, term, handles[module]) end)

    cond do
      wrong -> {:bad, wrong + 1}
      String.starts_with?(Atom.to_string(name), @endless) -> :untried
      too_long?(types, arguments) -> :untried
      true -> Results.of(name, arguments)
    end
  end

  defp too_long?(types, arguments),
    do:
      types
      |> Enum.zip(arguments)
      |> Enum.any?(fn {type, term} -> type == :steps and term > @most_steps end)

  defp outcome(module, name, arguments) do
    {:value, apply(module, name, arguments)}
  rescue
    exception -> {:raised, exception}
  catch
    kind, reason -> {kind, reason}
  end

  defp compare({:value, value}, {:value, value}, _module, _name), do: nil

  defp compare({:where, right?}, {:value, value}, _module, _name),
    do: if(right?.(value), do: nil, else: "gave a wrong value: #{inspect(value)}")

  defp compare(
         {:panic, message},
         {:raised, %Cantilever.NativePanic{message: message}},
         _module,
         _name
       ),
       do: nil

  defp compare({:bad, _index}, {:raised, %ArgumentError{}}, _module, name) when name in @rustler,
    do: nil

  defp compare({:bad, index}, {:raised, %ArgumentError{message: message}}, module, name) do
    {argument, type} = Enum.at(@functions[name], index - 1)
    function = "#{inspect(module)}.#{name}/#{length(@functions[name])}: "
    named = function <> "argument #{index} (#{argument}) must be "

    cond do
      not String.valid?(message) -> "raised a message that is no text: #{inspect(message)}"
      String.starts_with?(message, named) -> nil
      type == :list and message == function <> "an argument holds an improper list" -> nil
      true -> "raised a message that does not begin with #{inspect(named)}: #{inspect(message)}"
    end
  end

  defp compare(expected, outcome, _module, _name),
    do: "was to give #{inspect(expected)}, but gave #{inspect(outcome)}"
end
