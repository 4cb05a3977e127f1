defmodule MyApp.Fractals do
  @moduledoc """
  A set of large pictures to try things with: the Mandelbrot set, ever closer.

      iex> MyApp.Fractals.plan(2, {300, 200})
      [
        %{name: "fractal-01-300x200-100.png", width: 300, height: 200, iterations: 100},
        %{name: "fractal-02-200x300-1500.png", width: 200, height: 300, iterations: 1500}
      ]
  """

  @overview 100
  @closest 1500

  @typedoc "A picture to be rendered, and the name of its file."
  @type fractal :: %{
          name: String.t(),
          width: pos_integer(),
          height: pos_integer(),
          iterations: pos_integer()
        }

  @doc """
  The pictures of a set of `count`.

  They are wide, high and square in turn, and lead from the whole Mandelbrot set to its depths.
  """
  @spec plan(pos_integer(), {width :: pos_integer(), height :: pos_integer()}) :: [fractal()]
  def plan(count, {width, height}) do
    for number <- 1..count do
      depth = (number - 1) / max(count - 1, 1)
      iterations = round(@overview * :math.pow(@closest / @overview, depth))
      {width, height} = shape(rem(number, 3), width, height)

      %{
        name: "fractal-#{pad(number)}-#{width}x#{height}-#{iterations}.png",
        width: width,
        height: height,
        iterations: iterations
      }
    end
  end

  @doc "Renders a picture into the folder `dir`, unless it is there already."
  @spec render(fractal(), Path.t()) ::
          {:ok, :rendered | :kept} | {:error, {atom(), message :: String.t()}}
  def render(fractal, dir) do
    path = Path.join(dir, fractal.name)

    if File.exists?(path) do
      {:ok, :kept}
    else
      with {:ok, png} <-
             MyApp.Native.render_fractal(fractal.width, fractal.height, fractal.iterations),
           :ok <- write(path, png) do
        {:ok, :rendered}
      end
    end
  end

  defp write(path, png) do
    with {:error, reason} <- MyApp.FileOutput.write(path, png) do
      {:error, {:not_written, "#{path}: #{MyApp.FileOutput.explain(reason)}"}}
    end
  end

  defp shape(1, width, height), do: {width, height}
  defp shape(2, width, height), do: {height, width}
  defp shape(0, width, height), do: {min(width, height), min(width, height)}

  defp pad(number), do: number |> Integer.to_string() |> String.pad_leading(2, "0")
end
