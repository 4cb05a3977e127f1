defmodule Cantilever.Bench.Soak.Operations do
  @moduledoc false
  # What a worker does. `draw/2` takes all its random numbers at once and gives a text that says what will be done, and the
  # function that does it: its value is nil, or what went wrong.

  alias Cantilever.Bench.Soak.Victims
  alias Cantilever.{ArgumentModel, KitNif, NativePanic, TermGenerator}

  @most_ms 60_000

  @type operation :: {String.t(), (() -> nil | String.t())}

  @spec draw(atom(), ArgumentModel.handles()) :: operation()
  def draw(kind, handles)

  def draw(:fuzz, handles) do
    {name, parameters} = TermGenerator.pick(ArgumentModel.functions())
    arguments = ArgumentModel.arguments(parameters, handles)
    text = "#{name} #{inspect(arguments, limit: 5, printable_limit: 40)}"
    {text, fn -> ArgumentModel.check(KitNif, name, arguments, handles) end}
  end

  def draw(:yielding, _handles) do
    {n, chunk} = {:rand.uniform(200_000), :rand.uniform(1_000)}

    {"#{n} steps",
     fn ->
       numbers = Enum.to_list(1..rem(n, 5_000))

       same(KitNif.yield_by_waking(n), n) || same(KitNif.yield_i64(n, n), n) ||
         same(KitNif.yield_sum(numbers, chunk), KitNif.plain_sum(numbers))
     end}
  end

  def draw(:parallel, _handles), do: {"", fn -> same(KitNif.panic_parallel(1_000), 499_500) end}

  def draw(:shared, _handles) do
    {length, n} = {:rand.uniform(200_000), :rand.uniform(20_000)}

    {"#{length} bytes, #{n} steps",
     fn ->
       <<_first, part::binary>> = bytes = :binary.copy("x", length)

       same(KitNif.yield_shared(part, n) === part, true) ||
         same(KitNif.take_binary(bytes) === bytes, true) ||
         same(elem(KitNif.addresses(bytes, n), 2), length * ?x)
     end}
  end

  def draw(:handle, _handles) do
    {length, n} = {:rand.uniform(100_000), :rand.uniform(2_000)}

    {"#{length} bytes, counted to #{n}",
     fn ->
       handle = KitNif.live_handle(:binary.copy(<<2>>, length))
       counter = KitNif.counter_new(0)

       tasks =
         for _task <- 1..2, do: Task.async(fn -> KitNif.counter_add_yielding(counter, n) end)

       sum = Task.await(Task.async(fn -> KitNif.live_handle_sum(handle) end), @most_ms)
       _ = Task.await_many(tasks, @most_ms)
       same(sum, 2 * length) || same(KitNif.counter_add(counter, 0), 2 * n)
     end}
  end

  def draw(:parked, _handles) do
    {pause_ms, value} = {:rand.uniform(5) - 1, :rand.uniform(1_000_000)}

    {"woken after #{pause_ms} ms",
     fn ->
       slot = KitNif.slot_new()
       task = Task.async(fn -> KitNif.slot_take_then_work(slot, 100) end)
       Victims.pause(pause_ms)
       true = KitNif.slot_put(slot, value)
       same(Task.await(task, @most_ms), 2 * value) || same(KitNif.sleep_ms(pause_ms), pause_ms)
     end}
  end

  def draw(:panic, _handles) do
    {message, n} = {"panic #{:rand.uniform(1_000)}", :rand.uniform(500) - 1}

    {name, call, said} =
      TermGenerator.pick([
        {:normal, fn -> KitNif.panic_normal(message) end, message},
        {:dirty_cpu, fn -> KitNif.panic_dirty_cpu(message) end, message},
        {:dirty_io, fn -> KitNif.panic_dirty_io(message) end, message},
        {:yielding, fn -> KitNif.panic_yielding(message, n) end, message},
        {:parallel, fn -> KitNif.panic_parallel(n) end, "in rayon at #{n}"},
        {:payload, fn -> KitNif.panic_payload() end, "a panic whose payload is not a string"},
        {:decode, fn -> KitNif.panic_decode(message) end, "in decode"},
        {:encode, fn -> KitNif.yield_panic_encode(n) end, "in encode"},
        {:drop, fn -> KitNif.yield_panic_drop(n) end, "in drop"},
        {:plain_drop, fn -> KitNif.panic_drop() end, "in drop"}
      ])

    {"#{name} #{n}", fn -> panics(call, said) end}
  end

  # Nobody waits for these: they must not take anything down.
  def draw(:lonely_panic, _handles) do
    case :rand.uniform(3) do
      1 ->
        {"on a thread", fn -> same(KitNif.panic_thread("alone"), true) end}

      2 ->
        {"in a handle's drop",
         fn -> same(is_reference(KitNif.handle_that_panics_in_drop()), true) end}

      3 ->
        {"in a killed future's drop",
         Victims.killed(&KitNif.yield_forever_then_panic_in_drop/0, :rand.uniform(3) - 1)}
    end
  end

  def draw(:file, _handles) do
    {"",
     fn ->
       same(File.read(__ENV__.file), {:ok, unquote(File.read!(__ENV__.file))}) ||
         same(KitNif.kind_dirty_io(), "dirty_io")
     end}
  end

  def draw(:kill, _handles) do
    {mode, victim} = Victims.draw()
    pause_ms = :rand.uniform(5) - 1
    {"#{mode} after #{pause_ms} ms", Victims.killed(victim, pause_ms)}
  end

  def draw(:kill_tasks, _handles) do
    {mode, victim} = Victims.draw()
    timeout_ms = :rand.uniform(5)
    {"#{mode} after #{timeout_ms} ms", Victims.timed_out(victim, timeout_ms)}
  end

  defp panics(call, said) do
    same(call.(), {:panic, said})
  rescue
    panic in NativePanic -> same(panic.message, said)
  end

  defp same(value, value), do: nil

  defp same(value, wanted),
    do: "gave #{inspect(value, limit: 20)} instead of #{inspect(wanted, limit: 20)}"
end
