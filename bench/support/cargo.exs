defmodule Cantilever.Bench.Cargo do
  @moduledoc """
  Builds a program of a bench's, optimised.

      program = Cantilever.Bench.Cargo.build!("bench/kernels", "sum_of_squares")
      System.cmd(program, ["1000000"])
  """

  @doc "Builds the program `name` of the Cargo workspace `folder`, and gives its path; cargo shows its own progress."
  @spec build!(Path.t(), String.t()) :: Path.t()
  def build!(folder, name) do
    target =
      System.get_env("CARGO_TARGET_DIR") || Path.join(Mix.Project.build_path(), "bench/target")

    arguments = ~w(build --release --locked --bin) ++ [name, "--target-dir", target]

    case System.cmd("cargo", arguments, cd: folder, stderr_to_stdout: true, into: IO.stream()) do
      {_output, 0} ->
        Path.join([target, "release", name])

      {_output, status} ->
        Mix.raise("cargo failed in #{folder} (exit status #{status}, see above)")
    end
  end
end
