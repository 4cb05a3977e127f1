defmodule Cantilever.Bench.Results do
  @moduledoc """
  Where the pages and plots of a bench go: into `bench/results/`, which is kept with the sources.

      Cantilever.Bench.Results.write!([{"slice.md", page}, {"slice.svg", plot}], quick: false)

  What a quick run found must never replace what a full one did, so its files go to a temporary folder.
  """

  @folder Path.expand("../results", __DIR__)

  @doc "Writes the files and says where; gives the folder."
  @spec write!([{name :: String.t(), iodata}], quick: boolean) :: Path.t()
  def write!(files, quick: quick?) do
    folder = if quick?, do: temporary(), else: @folder
    File.mkdir_p!(folder)

    for {name, text} <- files do
      path = Path.join(folder, name)
      File.write!(path, text)
      IO.puts("written: #{path}")
    end

    folder
  end

  defp temporary do
    Path.join(
      System.tmp_dir!(),
      "cantilever-bench-#{System.system_time(:second)}-#{System.pid()}"
    )
  end
end
