defmodule Mix.Tasks.Cantilever.Json do
  @shortdoc "Prints, checks or times JSON"

  @moduledoc """
  Prints, checks or times JSON with `Cantilever.JSON`.

      $ mix cantilever.json data.json                      # indented, objects in their order
      $ mix cantilever.json data.json --compact -o small.json
      $ mix cantilever.json --check data.json other.json
      $ mix cantilever.json --time data.json
      $ mix cantilever.json --lines --check events.ndjson
      $ curl -s https://example.com/data.json | mix cantilever.json -

  FILE is `-` for standard input. Several are taken one after the other.

  ## Options

    * `--compact` - prints without white space
    * `--output FILE`, `-o FILE` - prints to a file, which is there whole or stays as it was. It may be FILE itself
    * `--check` - prints nothing but whether FILE is valid
    * `--time` - decodes and encodes FILE several times, and prints how fast it was and how many slices of the
      schedulers' time it took
    * `--lines` - takes each line as a document ([NDJSON](https://github.com/ndjson/ndjson-spec)), with `--check` or to
      print. Empty lines are left out. It runs on all schedulers, through `Cantilever.DataProcessor`

  ## What is printed

  Numbers keep their value: integers of any size are exact, and floats are written with the fewest digits that mean the
  same one, so `1.50` becomes `1.5`. Keys keep their order, and those that are there twice stay. Arrays and objects may be
  nested 1,024 deep, as `Cantilever.JSON.decode/2` has it.

  What is wrong is shown where it is, as compilers do, on standard error:

      data.json:3:12: expected a value, found ]
        "tags": [1, ]
                    ^

  With `--lines`, lines that are wrong are shown, the first #{Cantilever.JSON.Tool.LinesReport.shown()} of them, counted, and left out of what is printed; a file
  for `--output` is not written then.

  ## Memory

  `--check` and `--lines` take the same memory for files of any size: `--check` builds nothing of a document, and `--lines`
  keeps some 100 kB of lines for each scheduler, or as much as the longest line has. The others hold the document, with
  all of its terms.

  The VM of OTP 25 reads standard input ahead, as fast as it comes, and `--check` reads all of it to show where it is wrong. So
  name a file where it may be larger than memory.

  ## Exit status

    * 0 - all is well
    * 1 - something is wrong: one line on standard error says what, and what to do
  """

  use Mix.Task

  alias Cantilever.JSON
  alias Cantilever.JSON.Tool
  alias Cantilever.JSON.Tool.CommandLine

  @impl Mix.Task
  def run(argv) do
    with {:ok, command} <- CommandLine.parse(argv),
         :ok <- start() do
      # Each file is looked at, also after one that is wrong.
      results = Enum.map(command.files, &tell(Tool.run(&1, command)))
      if :error in results, do: exit({:shutdown, 1}), else: :ok
    else
      error ->
        tell(error)
        exit({:shutdown, 1})
    end
  end

  # Standard output is for JSON: what Mix has to say while it compiles is not.
  defp start do
    shell = Mix.shell()
    Mix.shell(Mix.Shell.Quiet)

    try do
      Mix.Task.run("app.config")
    after
      Mix.shell(shell)
    end

    with {:ok, _started} <- Application.ensure_all_started(:cantilever) do
      _ = JSON.encode!(nil)
      :ok
    else
      {:error, reason} ->
        {:error, "the application :cantilever does not start: #{inspect(reason)}"}
    end
  rescue
    # The kit may have been compiled without its library.
    error in RuntimeError -> {:error, error.message}
  end

  defp tell(:ok), do: :ok

  defp tell({:error, message}) do
    Mix.shell().error(message)
    :error
  end
end
