defmodule MyApp.Thumbnails do
  @moduledoc """
  Makes a thumbnail of each picture of a batch, many at a time.

      {:ok, pictures, []} = MyApp.Pictures.list("photos")
      report = MyApp.Thumbnails.make(pictures, "out", max_side: 200)
      MyApp.Thumbnails.Report.pictures_per_second(report)

  A picture that cannot be read, or whose thumbnail cannot be written, costs no other one: it is listed in the report
  with the reason.
  """

  alias MyApp.Thumbnails.Report

  # Beyond this a file is no picture that a decoder should be given whole.
  @max_file_bytes 512 * 1024 * 1024

  @defaults [
    max_side: 320,
    max_concurrency: nil,
    timeout: 60_000,
    on_progress: nil,
    thumbnail: &MyApp.Native.thumbnail/2,
    writer: &File.write/2
  ]

  @type option ::
          {:max_side, pos_integer()}
          | {:max_concurrency, pos_integer() | nil}
          | {:timeout, timeout()}
          | {:on_progress, :bar | (Cantilever.DataProcessor.Progress.t() -> any()) | nil}
          | {:thumbnail,
             (binary(), pos_integer() -> {:ok, binary()} | {:error, {atom(), String.t()}})}
          | {:writer, MyApp.FileOutput.writer()}

  @doc """
  Writes the thumbnail of each picture below the folder `out`, and reports.

  Options:

    * `:max_side`: the longest side of a thumbnail (320)
    * `:max_concurrency`: how many pictures at a time (as many as there are schedulers)
    * `:timeout`: milliseconds that one picture may take (60000)
    * `:on_progress`: as in `Cantilever.DataProcessor`
    * `:thumbnail` and `:writer`: what makes and what writes a thumbnail
  """
  @spec make([MyApp.Pictures.picture()], Path.t(), [option()]) :: Report.t()
  def make(pictures, out, options \\ []) do
    options = Keyword.validate!(options, @defaults)
    started = System.monotonic_time(:microsecond)

    report =
      pictures
      |> Cantilever.DataProcessor.process_batch(
        &one(&1, out, options),
        processor_options(options)
      )
      |> Enum.zip_reduce(pictures, %Report{}, fn result, picture, report ->
        Report.add(report, picture.name, outcome(result, options))
      end)

    %Report{report | elapsed_us: System.monotonic_time(:microsecond) - started}
  end

  @doc "The path of a picture's thumbnail below the folder that thumbnails go to."
  @spec thumbnail_name(picture_name :: String.t()) :: String.t()
  def thumbnail_name(name), do: name <> ".webp"

  # One picture is work enough for a task of its own.
  defp processor_options(options) do
    options
    |> Keyword.take([:max_concurrency, :timeout, :on_progress])
    |> Enum.reject(fn {_key, value} -> is_nil(value) end)
    |> Keyword.put(:chunk_size, 1)
  end

  defp one(%{path: path, name: name}, out, options) do
    thumbnail = thumbnail_name(name)

    with {:ok, picture} <- read(path),
         {:ok, small} <- options[:thumbnail].(picture, options[:max_side]),
         :ok <- write(Path.join(out, thumbnail), small, options[:writer]) do
      {:ok, %{thumbnail: thumbnail, bytes: byte_size(picture)}}
    end
  end

  # A pipe with a picture's name would keep its reader waiting for good.
  defp read(path) do
    with {:ok, %File.Stat{type: :regular, size: size}} when size <= @max_file_bytes <-
           File.stat(path),
         {:ok, picture} <- File.read(path) do
      {:ok, picture}
    else
      {:ok, %File.Stat{type: :regular, size: size}} ->
        {:error, {:too_large, "the file has #{size} bytes, more than #{@max_file_bytes}"}}

      {:ok, %File.Stat{type: type}} ->
        {:error, {:unreadable, "this is no file but a #{type}"}}

      {:error, reason} ->
        {:error, {:unreadable, MyApp.FileOutput.explain(reason)}}
    end
  end

  defp write(path, content, writer) do
    with {:error, reason} <- MyApp.FileOutput.write(path, content, writer) do
      {:error, {:not_written, "#{path}: #{MyApp.FileOutput.explain(reason)}"}}
    end
  end

  defp outcome({:ok, outcome}, _options), do: outcome

  defp outcome({:error, %{kind: :timeout}}, options) do
    {:error, {:timeout, "it took longer than #{options[:timeout]} ms"}}
  end

  defp outcome({:error, %{kind: kind, reason: reason}}, _options) do
    {:error,
     {kind, if(is_exception(reason), do: Exception.message(reason), else: inspect(reason))}}
  end
end
