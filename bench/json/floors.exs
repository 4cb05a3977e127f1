Code.require_file("../support/cargo.exs", __DIR__)

defmodule Cantilever.Bench.JSON.Floors do
  @moduledoc """
  What Rust's own JSON crates do with the same documents, in a program of their own that makes no terms.

      program = Cantilever.Bench.JSON.Floors.build!()

      Cantilever.Bench.JSON.Floors.in_files(corpora, fn files ->
        Cantilever.Bench.JSON.Floors.run!(program, files, 20)
      end)
      #=> %{decode: %{{"sonic-rs", "twitter"} => 445_472, …}, encode: %{…}}
  """

  @crate Path.expand("floors", __DIR__)

  @typedoc "The nanoseconds of one call."
  @type ns :: %{
          (:decode | :encode) => %{{crate :: String.t(), document :: String.t()} => pos_integer}
        }
  @typedoc "Documents and where they are."
  @type files :: [{String.t(), Path.t()}]

  @doc "Builds the program and gives its path."
  @spec build!() :: Path.t()
  def build!, do: Cantilever.Bench.Cargo.build!(@crate, "json_floors")

  @doc "The result of `fun`, which gets files with the documents; they are gone afterwards."
  @spec in_files(%{String.t() => binary}, (files -> result)) :: result when result: term
  def in_files(corpora, fun) do
    folder = Path.join(System.tmp_dir!(), "cantilever-bench-json-#{System.pid()}")
    File.mkdir_p!(folder)

    try do
      fun.(
        for {name, text} <- corpora do
          path = Path.join(folder, name <> ".json")
          File.write!(path, text)
          {name, path}
        end
      )
    after
      File.rm_rf!(folder)
    end
  end

  @doc "What the program measures, over `ms` milliseconds each."
  @spec run!(Path.t(), files, pos_integer) :: ns
  def run!(program, files, ms) do
    {names, paths} = Enum.unzip(files)
    {output, 0} = System.cmd(program, ["#{ms}" | paths])
    parse(output, names)
  end

  @doc """
  The figures of what the program printed.

      iex> Cantilever.Bench.JSON.Floors.parse("jiter decode 0 950\\n", ["twitter"])
      %{decode: %{{"jiter", "twitter"} => 950}, encode: %{}}
  """
  @spec parse(String.t(), [String.t()]) :: ns
  def parse(output, names) do
    lines = for line <- String.split(output, "\n", trim: true), do: String.split(line, " ")

    Map.new([:decode, :encode], fn direction ->
      word = Atom.to_string(direction)

      {direction,
       for [crate, ^word, index, ns] <- lines, into: %{} do
         {{crate, Enum.at(names, String.to_integer(index))}, String.to_integer(ns)}
       end}
    end)
  end
end
