defmodule Mix.Tasks.MyApp.Fractals do
  @shortdoc "Renders pictures of the Mandelbrot set into a folder"

  @moduledoc """
  Renders pictures of the Mandelbrot set into a folder.

      mix my_app.fractals DIR [--count 12] [--size 3000x2000]

  The other tasks have something to work on then. A picture that is there already stays as it is.
  """

  use Mix.Task

  @switches [count: :integer, size: :string]
  @usage "mix my_app.fractals DIR [--count 12] [--size 3000x2000]"

  @impl Mix.Task
  def run(args) do
    {dir, count, size} = parse(args)
    # The page may be served by another node meanwhile.
    Application.put_env(:my_app, :port, nil, persistent: true)
    Mix.Task.run("app.start")
    Enum.each(MyApp.Fractals.plan(count, size), &render(&1, dir))
  end

  defp parse(args) do
    case OptionParser.parse(args, strict: @switches) do
      {options, [dir], []} ->
        {dir, count(options[:count] || 12), size(options[:size] || "3000x2000")}

      {_options, _dirs, [{switch, _value} | _]} ->
        Mix.raise("#{switch} is unknown or lacks its value; usage: #{@usage}")

      {_options, _dirs, []} ->
        Mix.raise("one folder is wanted; usage: #{@usage}")
    end
  end

  defp count(count) when count in 1..1000, do: count
  defp count(count), do: Mix.raise("--count is #{count}, but must be 1 to 1000")

  defp size(text) do
    with [width, height] <- String.split(text, "x"),
         {width, ""} when width > 0 <- Integer.parse(width),
         {height, ""} when height > 0 <- Integer.parse(height) do
      {width, height}
    else
      _other -> Mix.raise("--size is #{inspect(text)}, but must look like 3000x2000")
    end
  end

  defp render(fractal, dir) do
    started = System.monotonic_time(:millisecond)
    result = MyApp.Fractals.render(fractal, dir)
    elapsed = System.monotonic_time(:millisecond) - started

    case result do
      {:ok, :rendered} -> Mix.shell().info("  #{fractal.name}  #{elapsed} ms")
      {:ok, :kept} -> Mix.shell().info("  #{fractal.name}  is there already")
      {:error, {kind, message}} -> Mix.raise("#{fractal.name}: #{kind}: #{message}")
    end
  end
end
