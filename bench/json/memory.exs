Code.require_file("../support/code_path.exs", __DIR__)

defmodule Cantilever.Bench.JSON.Memory do
  @moduledoc """
  How much memory a decode takes at its peak, in a VM of its own for each.

      Cantilever.Bench.JSON.Memory.measure(codecs, text)
      #=> [%{title: "jiffy 1.1.1", rise: 120_000_000, terms: 90_000_000, besides: 2.5}, …]

  The kernel's own peak of what is resident is taken, as native code's memory is in none of the VM's figures. Only Linux
  tells it and can begin anew; elsewhere there is nothing to measure.
  """

  alias Cantilever.Bench.CodePath
  alias Cantilever.Bench.JSON.{Codecs, Heap}

  @timeout_ms 120_000
  @files ["codecs.exs", "heap.exs", "memory/child.exs"]

  @typedoc """
  `rise` is the peak over what was there with the input loaded, `terms` the part of it that is the result; `besides` is
  the rest with the input, as a multiple of the input.
  """
  @type seen :: %{
          key: atom,
          title: String.t(),
          rise: integer,
          terms: non_neg_integer,
          besides: float
        }

  @doc "Whether the system tells what is needed."
  @spec possible?() :: boolean
  def possible?, do: File.exists?("/proc/self/clear_refs")

  @doc "Each codec in an ordinary process, and the kit's also in one whose heap has room from the beginning."
  @spec measure([Codecs.t()], binary) :: [seen]
  def measure(codecs, text) do
    path = Path.join(System.tmp_dir!(), "cantilever-bench-json-#{System.pid()}.json")
    File.write!(path, text)

    try do
      Enum.flat_map(Codecs.of_json(codecs), fn codec ->
        sized = Heap.for_result_of(fn -> codec.decode.(text) end, byte_size(text))

        for {note, heap} <- [{"", []}, {", sized heap", sized}] do
          figures =
            in_child(&:peer.call(&1, child(), :measure, [codec.key, path, heap], @timeout_ms))

          seen(codec, codec.name <> note, figures, byte_size(text))
        end
      end)
    after
      File.rm!(path)
    end
  end

  defp seen(codec, title, %{rise: rise, terms: terms}, bytes) do
    %{
      key: codec.key,
      title: title,
      rise: rise,
      terms: terms,
      besides: (rise - terms + bytes) / bytes
    }
  end

  defp in_child(work) do
    {:ok, peer, _node} = :peer.start_link(%{connection: :standard_io, args: CodePath.arguments()})

    try do
      {:ok, _started} = :peer.call(peer, :application, :ensure_all_started, [:cantilever])

      for file <- @files do
        :peer.call(peer, Code, :require_file, [Path.expand(file, __DIR__)], @timeout_ms)
      end

      work.(peer)
    after
      :peer.stop(peer)
    end
  end

  defp child, do: Module.concat(__MODULE__, Child)
end
