defmodule MyApp.Thumbnails.Report do
  @moduledoc """
  What became of a batch of pictures, and how quickly.

      iex> report = MyApp.Thumbnails.Report.add(%MyApp.Thumbnails.Report{elapsed_us: 500_000}, "a.png",
      ...>   {:ok, %{thumbnail: "a.png.webp", bytes: 3_000_000}})
      iex> MyApp.Thumbnails.Report.megabytes_per_second(report)
      6.0
  """

  defstruct made: [], failed: [], bytes: 0, elapsed_us: 0

  @type made :: %{name: String.t(), thumbnail: String.t()}
  @type failed :: %{name: String.t(), kind: atom(), message: String.t()}

  @typedoc """
  The outcomes and the figures of a batch.

  `made` and `failed` hold the last picture first; `bytes` counts the pictures that were read.
  """
  @type t :: %__MODULE__{
          made: [made()],
          failed: [failed()],
          bytes: non_neg_integer(),
          elapsed_us: non_neg_integer()
        }

  @type outcome ::
          {:ok, %{thumbnail: String.t(), bytes: non_neg_integer()}}
          | {:error, {atom(), String.t()}}

  @doc "Adds the outcome of the picture `name`."
  @spec add(t(), String.t(), outcome()) :: t()
  def add(report, name, {:ok, %{thumbnail: thumbnail, bytes: bytes}}) do
    made = %{name: name, thumbnail: thumbnail}
    %__MODULE__{report | made: [made | report.made], bytes: report.bytes + bytes}
  end

  def add(report, name, {:error, {kind, message}}) do
    failed = %{name: name, kind: kind, message: message}
    %__MODULE__{report | failed: [failed | report.failed]}
  end

  @doc "How many pictures there were."
  @spec files(t()) :: non_neg_integer()
  def files(report), do: length(report.made) + length(report.failed)

  @doc "How many thumbnails were made in a second."
  @spec pictures_per_second(t()) :: float()
  def pictures_per_second(report), do: per_second(length(report.made), report)

  @doc "How many million bytes of pictures were made into thumbnails in a second."
  @spec megabytes_per_second(t()) :: float()
  def megabytes_per_second(report), do: per_second(report.bytes / 1_000_000, report)

  # The clock's own step, for a batch that took none.
  defp per_second(count, report), do: count * 1_000_000 / max(report.elapsed_us, 1)
end
