# Compiles the C functions and loads them.

source = Path.join(__DIR__, "c_nif.c")
folder = Path.join(Mix.Project.build_path(), "bench")
library = Path.join(folder, "c_nif")
File.mkdir_p!(folder)

compiler = System.find_executable("cc") || Mix.raise("no C compiler: bin/setup installs one")

shared =
  if match?({:unix, :darwin}, :os.type()),
    do: ~w(-dynamiclib -undefined dynamic_lookup),
    else: ~w(-shared)

headers = Path.join([:code.root_dir(), "usr", "include"])

arguments =
  ~w(-O2 -Wall -Wextra -fPIC) ++ shared ++ ["-I", headers, "-o", library <> ".so", source]

case System.cmd(compiler, arguments, stderr_to_stdout: true) do
  {_output, 0} -> :ok
  {output, status} -> Mix.raise("cc failed (exit status #{status}):\n#{output}")
end

defmodule Cantilever.Bench.Overhead.C do
  @moduledoc false
  # The raw C functions: the VM's own costs and nothing else.

  @on_load :load
  @library library

  def load, do: :erlang.load_nif(String.to_charlist(@library), 0)

  def plus_one(_n), do: :erlang.nif_error(:nif_not_loaded)
  def reschedule(_times), do: :erlang.nif_error(:nif_not_loaded)
  def reschedule_slice(_times), do: :erlang.nif_error(:nif_not_loaded)
end
