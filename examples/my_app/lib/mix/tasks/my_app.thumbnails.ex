defmodule Mix.Tasks.MyApp.Thumbnails do
  @shortdoc "Makes thumbnails of the pictures in a folder"

  @moduledoc """
  Makes thumbnails of the pictures in a folder and in the folders below it.

      mix my_app.thumbnails DIR [--out OUT] [--max-side 320] [--max-concurrency N]

  They go to OUT (`out/thumbnails`), with a page `index.html` that shows them all. Then come the figures: of the
  batch, and of other processes that were asked for an answer every millisecond meanwhile.

  Each picture that fails is listed with its reason, and the others are made nevertheless. The exit status is 1 when
  anything failed, and when there was no picture.
  """

  use Mix.Task

  alias Cantilever.Responsiveness.Probe
  alias MyApp.Thumbnails.Report

  @switches [out: :string, max_side: :integer, max_concurrency: :integer]
  @usage "mix my_app.thumbnails DIR [--out OUT] [--max-side 320] [--max-concurrency N]"
  @longest_side 16_383

  @impl Mix.Task
  def run(args) do
    {dir, options} = parse(args)
    out = Keyword.get(options, :out, Path.join("out", "thumbnails"))

    {pictures, unreadable} = pictures(dir, out)
    prepare(out)
    # The page may be served by another node meanwhile.
    Application.put_env(:my_app, :port, nil, persistent: true)
    Mix.Task.run("app.start")

    {:ok, probe} = Probe.start_link()

    report =
      MyApp.Thumbnails.make(
        pictures,
        out,
        [on_progress: :bar] ++ Keyword.take(options, [:max_side, :max_concurrency])
      )

    seen = Probe.stop(probe)
    report = Enum.reduce(unreadable, report, &add_unreadable/2)
    page = write_page(Path.join(out, "index.html"), report, seen, dir)

    Mix.shell().info("\n" <> MyApp.Thumbnails.Table.render(report, seen) <> "\n")
    tell(page)

    if report.failed != [] or match?({:error, _path, _reason}, page) do
      exit({:shutdown, 1})
    end
  end

  defp parse(args) do
    case OptionParser.parse(args, strict: @switches) do
      {options, [dir], []} ->
        {dir, Enum.map(options, &check/1)}

      {_options, _dirs, [{switch, nil} | _]} ->
        Mix.raise("unknown option #{switch}; usage: #{@usage}")

      {_options, _dirs, [{switch, value} | _]} ->
        Mix.raise("#{switch} cannot be #{inspect(value)}; usage: #{@usage}")

      {_options, _dirs, []} ->
        Mix.raise("one folder is wanted; usage: #{@usage}")
    end
  end

  defp check({:out, ""}), do: Mix.raise("--out is empty, but must name a folder")

  defp check({:max_side, side}) when side not in 1..@longest_side do
    Mix.raise("--max-side is #{side}, but must be 1 to #{@longest_side}")
  end

  defp check({:max_concurrency, number}) when number < 1 do
    Mix.raise("--max-concurrency is #{number}, but must be 1 or more")
  end

  defp check(option), do: option

  defp pictures(dir, out) do
    if Path.expand(out) == Path.expand(dir) do
      Mix.raise("#{dir} cannot hold the thumbnails as well: name another folder with --out")
    end

    case MyApp.Pictures.list(dir, except: out) do
      {:ok, [], []} ->
        Mix.raise(
          "#{dir} holds no picture: no file ending in #{Enum.join(MyApp.Pictures.extensions(), ", ")}"
        )

      {:ok, pictures, unreadable} ->
        {pictures, unreadable}

      {:error, :enoent} ->
        Mix.raise("there is no folder #{dir}")

      {:error, :enotdir} ->
        Mix.raise("#{dir} is a file, and a folder is wanted")

      {:error, reason} ->
        Mix.raise("#{dir} cannot be read: #{MyApp.FileOutput.explain(reason)}")
    end
  end

  # Tried before the work, rather than found out anew for each picture.
  defp prepare(out) do
    probe = Path.join(out, ".writable")

    with :ok <- MyApp.FileOutput.write(probe, ""),
         :ok <- File.rm(probe) do
      :ok
    else
      {:error, reason} ->
        Mix.raise("#{out} cannot be written to: #{MyApp.FileOutput.explain(reason)}")
    end
  end

  defp add_unreadable(%{name: name, reason: reason}, report) do
    Report.add(report, name, {:error, {:unreadable, MyApp.FileOutput.explain(reason)}})
  end

  defp write_page(path, report, seen, dir) do
    html = MyApp.ContactSheet.render(report, seen, title: "Thumbnails of #{dir}")

    case MyApp.FileOutput.write(path, html) do
      :ok -> {:ok, path}
      {:error, reason} -> {:error, path, reason}
    end
  end

  defp tell({:ok, path}), do: Mix.shell().info("  see #{path}")

  defp tell({:error, path, reason}) do
    Mix.shell().error("  #{path} could not be written: #{MyApp.FileOutput.explain(reason)}")
  end
end
