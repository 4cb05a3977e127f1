defmodule Cantilever.Replacing do
  @moduledoc false
  # Loads one build of a native library after the other, each in place of the one before, and measures what the replaced
  # ones still cost. For a VM of its own, on a system that has /proc.

  alias Cantilever.{Footprint, KitNif, NativeStubs, Reloading}
  alias Cantilever.KitNif.EveryCheckpoint, as: Nif

  # After these, what the node has once for all builds is there.
  @first 5

  # In kB for each build: what is mapped of its file, what of that is in memory, and what of that this node has for itself;
  # and by how much everything that the node has for itself has grown. The threads are those of the whole node, before and after.
  @type cost :: %{
          mapped: float(),
          resident: float(),
          private: float(),
          node_private: float(),
          threads: {pos_integer(), pos_integer()}
        }

  @spec run([Path.t()]) :: cost()
  def run(libraries) do
    _ = Code.put_compiler_option(:ignore_module_conflict, true)
    binary = compile(hd(libraries))
    {first, others} = Enum.split(libraries, @first)
    before = replace(binary, first)
    later = replace(binary, others)

    for part <- [:mapped, :resident, :private, :node_private],
        into: %{threads: {before.threads, later.threads}} do
      {part, (later[part] - before[part]) / length(others)}
    end
  end

  # One module for all of them: compiling one for each would leave more behind than the library.
  defp compile(library) do
    load_from(library)

    stubs =
      NativeStubs.define(KitNif.Stubs.functions(), fn arguments ->
        quote do: :erlang.nif_error({unquote_splicing(arguments)})
      end)

    body =
      quote do
        @on_load :load
        def load do
          load_data = [cantilever: [threads_idle_ms: 1]]
          :erlang.load_nif(:persistent_term.get(unquote(__MODULE__)), load_data)
        end

        unquote(stubs)
      end

    {:module, Nif, binary, _value} = Module.create(Nif, body, file: "kit_nif.ex", line: 1)
    binary
  end

  defp load_from(library), do: :persistent_term.put(__MODULE__, to_charlist(library))

  defp replace(binary, libraries) do
    for {library, number} <- Enum.with_index(libraries, 1) do
      load_from(library)
      {:module, Nif} = :code.load_binary(Nif, ~c"kit_nif", binary)
      _ = :code.purge(Nif)
      call = fn _caller -> Reloading.call(Nif.counter_new(number), number) end
      1..8 |> Task.async_stream(call, timeout: 60_000) |> Stream.run()
    end

    Reloading.wait_for_threads()
    threads = Footprint.take().threads
    mappings = mappings()
    of_libraries = Enum.filter(mappings, &String.contains?(&1.of, Path.dirname(hd(libraries))))
    sum = fn mappings, part -> mappings |> Enum.map(& &1[part]) |> Enum.sum() end

    %{
      threads: threads,
      mapped: sum.(of_libraries, "Size"),
      resident: sum.(of_libraries, "Rss"),
      private: sum.(of_libraries, "Private_Dirty"),
      node_private: sum.(mappings, "Private_Dirty")
    }
  end

  # proc(5): a line of the addresses and the file of each mapping, and then its sizes in kB.
  defp mappings do
    texts = "/proc/self/smaps" |> File.read!() |> String.split(~r/^(?=[0-9a-f]+-)/m, trim: true)

    for text <- texts do
      [of, sizes] = String.split(text, "\n", parts: 2)

      for [_line, part, kb] <- Regex.scan(~r/^(\w+): +(\d+) kB$/m, sizes),
          into: %{of: of},
          do: {part, String.to_integer(kb)}
    end
  end
end
