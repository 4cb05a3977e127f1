defmodule Cantilever.KitNif.Stubs do
  @moduledoc false
  # The stubs of test/native/kit_nif, for the two modules that load it.

  @functions [
    # taking.rs
    take_i64: 1,
    take_u8: 1,
    take_f64: 1,
    take_bool: 1,
    take_atom: 1,
    take_string: 1,
    take_big: 1,
    take_shared: 1,
    take_pid: 1,
    take_option: 1,
    take_list: 1,
    take_tuple: 1,
    take_map: 1,
    yield_i64: 2,
    yield_u8: 2,
    yield_f64: 2,
    yield_bool: 2,
    yield_atom: 2,
    yield_string: 2,
    yield_big: 2,
    yield_shared: 2,
    yield_pid: 2,
    yield_option: 2,
    yield_list: 2,
    yield_tuple: 2,
    yield_map: 2,
    take_binary: 1,
    take_str: 1,
    take_term: 1,
    take_nothing: 0,
    owned_binary: 1,
    renamed?: 0,
    addresses: 2,
    address: 1,
    kind_normal: 0,
    kind_dirty_cpu: 0,
    kind_dirty_io: 0,
    kind_yielding: 1,
    kind_parallel: 0,
    rustler_add: 2,
    rustler_dirty_add: 2,
    # building.rs
    build_each: 2,
    build_own_each: 3,
    build_map: 1,
    build_from_nothing: 0,
    build_elements: 2,
    build_own_list: 2,
    offload_kinds: 1,
    offload_panic: 0,
    offload_sum: 1,
    # returning.rs
    file_size: 1,
    half: 1,
    yield_half: 2,
    binary_result: 1,
    yield_binary_result: 2,
    rustler_error: 1,
    yield_rustler_error: 2,
    # panicking.rs
    panic_normal: 1,
    panic_dirty_cpu: 1,
    panic_dirty_io: 1,
    panic_yielding: 2,
    panic_payload: 0,
    panic_decode: 1,
    yield_panic_decode: 1,
    panic_encode: 0,
    yield_panic_encode: 1,
    panic_drop: 0,
    yield_panic_drop: 1,
    yield_forever_then_panic_in_drop: 0,
    handle_that_panics_in_drop: 0,
    panic_parallel: 1,
    panic_spawned: 1,
    parallel_on_a_scheduler: 0,
    panic_thread: 1,
    rustler_panic: 0,
    # cancelling.rs
    running: 0,
    spin_dirty_cpu: 1,
    spin_dirty_io: 1,
    spin_parallel: 1,
    spin_yielding: 0,
    spin_yielding_with_thread: 0,
    yield_token: 1,
    dirty_token: 0,
    # admitting.rs
    door_new: 0,
    door_open: 1,
    door_running: 1,
    door_most: 1,
    door_order: 1,
    enter_dirty_cpu: 2,
    enter_dirty_io: 2,
    enter_one_by_one: 2,
    # handles.rs
    counter_new: 1,
    counter_add: 2,
    counter_add_yielding: 2,
    other_new: 0,
    take_dropped_on: 0,
    # yielding.rs
    yield_sum: 2,
    plain_sum: 1,
    yield_joined: 2,
    yield_by_waking: 1,
    yield_large: 1,
    take_slices: 0,
    # continuing.rs
    continue_rebuild: 1,
    continue_steps: 2,
    continue_panic: 2,
    continue_panic_drop: 2,
    continue_result: 2,
    endless_continuation: 2,
    # parking.rs
    slot_new: 0,
    slot_put: 2,
    slot_waited_for: 1,
    slot_references: 1,
    slot_take: 1,
    slot_take_then_work: 2,
    sleep_ms: 1,
    # killing.rs
    live: 0,
    live_handle: 1,
    live_handle_sum: 1,
    sum_normal: 1,
    endless_dirty_cpu: 1,
    endless_dirty_io: 1,
    endless_parallel: 1,
    endless_yielding: 1,
    endless_parked: 2,
    endless_with_thread: 1,
    # taking_dirty.rs
    dirty_cpu_i64: 1,
    dirty_io_i64: 1,
    dirty_cpu_u8: 1,
    dirty_io_u8: 1,
    dirty_cpu_f64: 1,
    dirty_io_f64: 1,
    dirty_cpu_bool: 1,
    dirty_io_bool: 1,
    dirty_cpu_atom: 1,
    dirty_io_atom: 1,
    dirty_cpu_string: 1,
    dirty_io_string: 1,
    dirty_cpu_big: 1,
    dirty_io_big: 1,
    dirty_cpu_shared: 1,
    dirty_io_shared: 1,
    dirty_cpu_pid: 1,
    dirty_io_pid: 1,
    dirty_cpu_option: 1,
    dirty_io_option: 1,
    dirty_cpu_list: 1,
    dirty_io_list: 1,
    dirty_cpu_tuple: 1,
    dirty_io_tuple: 1,
    dirty_cpu_map: 1,
    dirty_io_map: 1,
    dirty_cpu_binary: 1,
    dirty_cpu_str: 1,
    dirty_cpu_term: 1,
    # loading.rs
    seen_load_data: 0,
    # thread_locals.rs
    thread_local_calls: 0,
    thread_local_calls_dirty: 0,
    thread_local_calls_yielding: 0,
    thread_local_calls_parallel: 0,
    thread_locals_destroyed: 0,
    print_line: 0,
    # holding.rs
    hold_ms: 1,
    hold_sometimes: 2,
    hold_dirty_ms: 1,
    yield_forgetting: 1,
    yield_then_forget: 1,
    yield_for_ms: 1,
    rustler_dirty_for_ms: 1,
    # logging.rs
    log_at: 2,
    log_yielding: 2,
    log_dirty: 1,
    log_parallel: 1,
    log_thread: 1,
    log_in_drop: 1,
    log_burst: 2,
    log_level: 0,
    own_logger_records: 0,
    # subprocess.rs
    run_program: 4
  ]

  # rustler_resources.rs
  @with_rustler [rustler_counter_new: 0, rustler_counter_next: 1]

  def functions, do: @functions

  defmacro __using__(opts) do
    {rustler?, opts} = Keyword.pop(opts, :rustler, true)
    functions = if rustler?, do: @functions ++ @with_rustler, else: @functions

    quote do
      use Cantilever.Nif,
          unquote(opts) ++
            [otp_app: :cantilever, crate: "kit_nif", path: "test/native/kit_nif"]

      use Cantilever.NativeStubs, unquote(functions)
    end
  end
end

defmodule Cantilever.KitNif do
  @moduledoc false
  use Cantilever.KitNif.Stubs, load_data: 42
end

defmodule Cantilever.KitNif.EveryCheckpoint do
  @moduledoc false
  # Every checkpoint ends the slice here.
  use Cantilever.KitNif.Stubs,
    features: ["every_checkpoint"],
    rustler: false,
    load_data: [
      cantilever: [slice_us: 0, threads: 2, dirty_cpu_limit: :infinity, dirty_io_limit: :infinity]
    ]
end
