defmodule MyApp.Native do
  @moduledoc """
  The functions of MyApp that are written in Rust.

      iex> MyApp.Native.intensive_calculation(4)
      14

  Three are of use, one for each way to run native code beside Elixir: one that yields as Elixir code does, one that
  takes all cores, and one that calls codecs which know nothing of the BEAM. Each of them stops when its caller dies.

  Two more are there to compare with, on the page of `MyApp.Web`: the same calculation on a dirty scheduler, and
  `hold_scheduler/1`, which does what no native function may do.
  """

  use Cantilever.Nif, otp_app: :my_app, crate: "my_app_native"

  @typedoc "What went wrong, and a sentence for the user."
  @type error(kind) :: {:error, {kind, message :: String.t()}}

  @doc """
  The sum of i² for 0 ≤ i < `n`, exact however large it gets.

  It yields every few microseconds, so it may take as long as it likes.
  """
  @spec intensive_calculation(non_neg_integer()) :: non_neg_integer()
  def intensive_calculation(_n), do: :erlang.nif_error(:nif_not_loaded)

  @doc """
  The same sum on a dirty scheduler, where it takes a thread away from the schedulers for as long as it lasts.

  `intensive_calculation/1` is the one to use. This one stops when its caller dies, as that one does.
  """
  @spec intensive_calculation_dirty(non_neg_integer()) :: non_neg_integer()
  def intensive_calculation_dirty(_n), do: :erlang.nif_error(:nif_not_loaded)

  @doc """
  What not to do: holds its scheduler for `ms` milliseconds, for 1000 at most, and returns how many squares it has added up.

  Nobody else runs on this scheduler meanwhile, and nobody can stop it: it goes on also when its caller is killed. Call
  it to see what others feel of such a function, and for nothing else.
  """
  @spec hold_scheduler(ms :: non_neg_integer()) :: non_neg_integer()
  def hold_scheduler(_ms), do: :erlang.nif_error(:nif_not_loaded)

  @doc """
  A picture of the Mandelbrot set, as PNG.

  The more iterations, the closer it looks: 100 show the whole set, thousands a corner of Seahorse Valley. It runs on
  a dirty scheduler and takes all cores. Sides may be 1 to 16384, at 100 million pixels in all, and iterations 1 to
  100000.
  """
  @spec render_fractal(pos_integer(), pos_integer(), pos_integer()) ::
          {:ok, png :: binary()}
          | error(:invalid_size | :invalid_iterations | :cancelled | :encode)
  def render_fractal(_width, _height, _max_iterations), do: :erlang.nif_error(:nif_not_loaded)

  @doc """
  A small WebP picture of a JPEG, PNG or WebP picture.

  Its longest side is `max_side`, or the picture's own where that is shorter. It stands upright, whichever way the
  camera was held. A picture of more than 120 million pixels is refused before it is decoded. It runs on a dirty
  scheduler, one core for each call.
  """
  @spec thumbnail(picture :: binary(), max_side :: pos_integer()) ::
          {:ok, webp :: binary()}
          | error(
              :unsupported_format
              | :malformed
              | :too_many_pixels
              | :invalid_size
              | :cancelled
              | :encode
            )
  def thumbnail(_picture, _max_side), do: :erlang.nif_error(:nif_not_loaded)
end
