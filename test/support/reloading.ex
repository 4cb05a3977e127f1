defmodule Cantilever.Reloading do
  @moduledoc false
  # Loads a native library, calls it in every way, deletes and purges it, again and again. For a VM of its own.

  alias Cantilever.{Footprint, KitNif, NativeStubs}
  alias Cantilever.KitNif.EveryCheckpoint, as: Nif

  # By turns: both let the kit's threads end as soon as they have nothing to do, and each replaces the pool of the other.
  @settings [[threads: 1, threads_idle_ms: 1], [threads: 2, threads_idle_ms: 20]]

  # These cycles fill what stays filled then.
  @warm_up 100

  @type report :: %{
          growth: growth(),
          growth_without: growth(),
          threads: [String.t()],
          destroyed: non_neg_integer()
        }
  @type growth :: %{Footprint.part() => integer() | nil}

  # Prints a line in each cycle. The report: what the node holds more than after the warm-up, once the kit's threads have
  # had the time to end, and what it does when as many modules with the same functions are loaded that have no library;
  # the kit's threads that have not ended; how many threads have dropped what they had for themselves.
  @spec run(Path.t(), Path.t(), pos_integer()) :: report()
  def run(library, other, cycles) do
    _ = Code.put_compiler_option(:ignore_module_conflict, true)
    without = compile(without_library())

    variants =
      for path <- [library, other],
          do: Enum.map(@settings, &compile(with_library(path, &1)))

    {_last, growth_without} =
      grow(cycles, fn _number, _last -> load(without, _upgrade? = false) end)

    unload()
    {_last, growth} = grow(cycles, &cycle(variants, &1, &2))
    # Before a call starts one again.
    threads = threads()
    destroyed = Nif.thread_locals_destroyed()
    %{growth: growth, growth_without: growth_without, threads: threads, destroyed: destroyed}
  end

  defp with_library(path, settings) do
    opts = [
      load_from: {:cantilever, Path.relative_to(path, Application.app_dir(:cantilever))},
      skip_compilation?: true,
      rustler: false,
      load_data: [cantilever: settings]
    ]

    quote do: use(Cantilever.KitNif.Stubs, unquote(Macro.escape(opts)))
  end

  defp without_library do
    NativeStubs.define(KitNif.Stubs.functions(), fn arguments ->
      quote do: {unquote_splicing(arguments)}
    end)
  end

  defp compile(body) do
    {:module, Nif, binary, _value} = Module.create(Nif, body, file: "kit_nif.ex", line: 1)
    unload()
    binary
  end

  # Loads over what is there, or when that is gone.
  defp load(binary, upgrade?) do
    unless upgrade?, do: unload()
    {:module, Nif} = :code.load_binary(Nif, ~c"kit_nif", binary)
  end

  defp unload do
    _ = :code.delete(Nif)
    _ = :code.purge(Nif)
    :ok
  end

  defp grow(cycles, cycle) do
    {last, base} = cycles(1..@warm_up, nil, cycle)
    {last, footprint} = cycles((@warm_up + 1)..cycles, last, cycle)
    {last, Map.new(base, fn {part, value} -> {part, value && footprint[part] - value} end)}
  end

  defp cycles(range, last, cycle) do
    last = Enum.reduce(range, last, cycle)
    wait_for_threads()
    {last, Footprint.take()}
  end

  # `last` is the build of the last cycle, and a handle that it has made.
  defp cycle(variants, number, last) do
    build = build(number)
    upgrade? = rem(number, 3) == 0
    load(variants |> Enum.at(build) |> Enum.at(rem(div(number, 5), 2)), upgrade?)
    true = last == nil or taken?(last, upgrade?) == (elem(last, 0) == build)
    _ = :code.purge(Nif)
    handle = Nif.counter_new(number)
    call(handle, number)
    {build, handle}
  end

  # One build for a while, in the middle, and both by turns before and after that.
  defp build(number) when number in 200..600, do: 0
  defp build(number), do: rem(number, 2)

  # Of a build whose types were purged the VM knows nothing any more, unless this one took them over before.
  defp taken?({_build, handle}, known?) do
    is_integer(Nif.counter_add(handle, 0))
  rescue
    error in Cantilever.StaleHandle ->
      true = error.message =~ "make a new one"
      false

    error in ArgumentError ->
      true = not known? and error.message =~ "that the library loaded now has made"
      false
  end

  # A call of each kind, and what may start a thread of the kit's.
  @spec call(reference(), pos_integer()) :: true
  def call(handle, number) do
    true = Nif.print_line()
    "dirty_cpu" = Nif.kind_dirty_cpu()
    ^number = Nif.yield_by_waking(number)
    2 = Nif.sleep_ms(2)
    45 = Nif.thread_local_calls_parallel()

    [_, _, _] = [
      Nif.thread_local_calls(),
      Nif.thread_local_calls_dirty(),
      Nif.thread_local_calls_yielding()
    ]

    sum = number + 10
    ^sum = Nif.counter_add_yielding(handle, 10)
    "native panic" <> _ = panic()
    true = Nif.log_at("debug", "not said")
  end

  defp panic do
    Nif.panic_normal("in cycle")
  rescue
    error in Cantilever.NativePanic -> Exception.message(error)
  end

  # Waits until the kit's threads have ended, but for no longer than ten seconds.
  @spec wait_for_threads(pos_integer()) :: :ok
  def wait_for_threads(times \\ 1_000) do
    if threads() == [] or times == 0 do
      :ok
    else
      Process.sleep(10)
      wait_for_threads(times - 1)
    end
  end

  # The names of the kit's threads, as far as the system tells.
  @spec threads() :: [String.t()]
  def threads do
    for file <- Path.wildcard("/proc/self/task/*/comm"),
        {:ok, name} <- [File.read(file)],
        String.starts_with?(name, "cantilever"),
        do: String.trim(name)
  end
end
