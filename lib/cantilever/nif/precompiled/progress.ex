defmodule Cantilever.Nif.Precompiled.Progress do
  @moduledoc false
  # What is shown of a download: a line when it begins or has to wait, and on a terminal how far it is.

  alias Cantilever.Nif.Precompiled.Fetch
  alias Cantilever.TerminalLine

  @columns 60

  @spec show(Fetch.event(), String.t(), boolean()) :: :ok
  def show(event, archive, terminal? \\ IO.ANSI.enabled?())

  def show({:start, url}, archive, _terminal?) do
    if String.ends_with?(url, "/" <> archive),
      do: Mix.shell().info("Fetching #{url}"),
      else: Mix.shell().info("Fetching #{archive} from #{url}")
  end

  def show({:retry, message, pause_ms}, _archive, _terminal?),
    do: Mix.shell().info("#{message}. Asking again in #{div(pause_ms, 1000)} seconds")

  def show({:bytes, _received, _announced}, _archive, false), do: :ok

  def show({:bytes, received, announced}, _archive, true), do: draw(text(received, announced))

  # Leaves an empty line to whatever comes next.
  @spec clear(boolean()) :: :ok
  def clear(terminal? \\ IO.ANSI.enabled?())
  def clear(true), do: draw("")
  def clear(false), do: :ok

  @spec text(non_neg_integer(), non_neg_integer() | nil) :: String.t()
  def text(received, nil), do: "#{megabytes(received)} MB"

  def text(received, announced) do
    bar = TerminalLine.bar(min(received, announced), max(announced, 1), 30)
    "#{bar} #{megabytes(received)} of #{megabytes(announced)} MB"
  end

  defp draw(text), do: IO.write(["\r", TerminalLine.fit(text, @columns), "\r"])

  defp megabytes(bytes), do: :erlang.float_to_binary(bytes / 1_000_000, decimals: 1)
end
