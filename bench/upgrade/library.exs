defmodule Cantilever.Bench.Upgrade.Library do
  @moduledoc false
  # Builds of the library, and what they take.

  alias Cantilever.Nif.{Cargo, Options}

  # Not `cantilever-…`, which the VM would take for the folder of the application.
  @dir Path.join(System.tmp_dir!(), "bench_upgrade_#{System.pid()}")

  # Compiles a file of this folder, and puts the beam files of its modules where the VM finds them.
  @spec require_with_beam!(Path.t()) :: :ok
  def require_with_beam!(file) do
    File.mkdir_p!(@dir)
    System.at_exit(fn _status -> File.rm_rf!(@dir) end)
    Code.prepend_path(@dir)

    for {module, beam} <- Code.require_file(file, Path.dirname(__DIR__)),
        do: File.write!(Path.join(@dir, "#{module}.beam"), beam)

    :ok
  end

  @spec build!([String.t()]) :: Path.t()
  def build!(features) do
    opts = [
      otp_app: :cantilever,
      crate: "upgrade_calls",
      path: "bench/upgrade/native",
      features: features
    ]

    {:ok, artifact} = Cargo.build(Options.new!(Cantilever.Bench.Upgrade.Calls, opts, [], []))

    file = Path.join(@dir, Enum.join(["build" | features], "-") <> Path.extname(artifact))
    File.cp!(artifact, file)
    file
  end

  # Builds that do the same and yet are others, as a loader reads no further than it has to.
  @spec copies(Path.t(), pos_integer()) :: [Path.t()]
  def copies(library, count) do
    content = File.read!(library)

    for number <- 1..count do
      file = Path.join(@dir, "copy-#{number}#{Path.extname(library)}")
      File.write!(file, [content, "copy #{number}"])
      file
    end
  end

  # What the node takes, in kB: all of it, and what is its alone.
  @spec memory_kb() :: %{resident: non_neg_integer(), private: non_neg_integer()}
  def memory_kb do
    for pid <- Process.list(), do: :erlang.garbage_collect(pid)
    text = File.read!("/proc/self/smaps_rollup")

    %{
      resident: field(text, "Rss"),
      private: field(text, "Private_Dirty")
    }
  end

  defp field(text, name) do
    [_, kb] = Regex.run(~r/^#{name}: +(\d+) kB$/m, text)
    String.to_integer(kb)
  end
end
