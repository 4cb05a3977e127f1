Code.require_file("../support/cargo.exs", __DIR__)

defmodule Cantilever.Bench.Yielding.Plain do
  @moduledoc false
  # The same kernel as a program of its own, built from bench/kernels.

  @crate Path.expand("../kernels", __DIR__)

  def build!, do: Cantilever.Bench.Cargo.build!(@crate, "sum_of_squares")

  # The nanoseconds as the program itself measured them, without its start, and the sum.
  def run!(program, input) do
    {output, 0} = System.cmd(program, [Integer.to_string(input)])
    [ns, sum] = output |> String.split() |> Enum.map(&String.to_integer/1)
    {ns, sum}
  end

  # The longest of the stretches of 20 µs in which the program does nothing but look at the clock, in µs.
  def longest_us!(program, milliseconds) do
    {output, 0} = System.cmd(program, ["--longest", Integer.to_string(milliseconds)])
    String.to_integer(String.trim(output)) / 1_000
  end
end
