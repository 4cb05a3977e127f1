defmodule Cantilever.JSON.Tool.Input do
  @moduledoc false
  # What `mix cantilever.json` reads: a file in chunks, or text that is in memory already.

  @enforce_keys [:name, :source, :bytes]
  defstruct [:name, :source, :bytes]

  # How long it is is not known of what is read as it comes.
  @type t :: %__MODULE__{
          name: String.t(),
          source: {:path, Path.t()} | {:text, binary()} | :stdin,
          bytes: non_neg_integer() | nil
        }

  @chunk 128 * 1024

  @doc """
  Opens what a word on the command line names. The error is a sentence.

  What can be read only once is read here, unless `once?` says that once is enough.
  """
  @spec open(String.t(), boolean()) :: {:ok, t()} | {:error, String.t()}
  def open("-", true), do: {:ok, %__MODULE__{name: "standard input", source: :stdin, bytes: nil}}

  def open("-", false) do
    text = IO.iodata_to_binary(Enum.to_list(stdin(&IO.binread(&1, @chunk))))
    {:ok, text("standard input", text)}
  end

  def open(path, once?) do
    with {:ok, stat} <- File.stat(path),
         {:ok, file} <- :file.open(path, [:read, :raw, :binary]),
         :ok <- :file.close(file) do
      opened(path, stat, once?)
    else
      {:error, reason} -> {:error, explain(path, reason)}
    end
  end

  defp opened(path, %{type: :regular, size: bytes}, _once?) when bytes > 0,
    do: {:ok, %__MODULE__{name: path, source: {:path, path}, bytes: bytes}}

  # A pipe or a device, or what the system makes as it is read.
  defp opened(path, _stat, true),
    do: {:ok, %__MODULE__{name: path, source: {:path, path}, bytes: nil}}

  defp opened(path, _stat, false),
    do: load(%__MODULE__{name: path, source: {:path, path}, bytes: nil})

  @doc "The same in memory."
  @spec load(t()) :: {:ok, t()} | {:error, String.t()}
  def load(%__MODULE__{source: {:path, path}}) do
    case File.read(path) do
      {:ok, text} -> {:ok, text(path, text)}
      {:error, reason} -> {:error, explain(path, reason)}
    end
  end

  def load(input), do: {:ok, input}

  defp text(name, text),
    do: %__MODULE__{name: name, source: {:text, text}, bytes: byte_size(text)}

  @doc "All of it from the byte `from` on, in chunks. Raises a `File.Error` if it cannot be read."
  @spec chunks(t(), non_neg_integer()) :: Enumerable.t()
  def chunks(input, from \\ 0)

  def chunks(%{source: {:text, text}}, from) do
    Stream.unfold(from, fn
      at when at >= byte_size(text) ->
        nil

      at ->
        length = min(@chunk, byte_size(text) - at)
        {binary_part(text, at, length), at + length}
    end)
  end

  # In lines, so that each is read when it is there.
  def chunks(%{source: :stdin}, 0), do: stdin(&IO.binread(&1, :line))

  def chunks(%{source: {:path, path}}, from) do
    Stream.resource(
      fn -> open_at(path, from) end,
      fn file ->
        case :file.read(file, @chunk) do
          {:ok, chunk} -> {[chunk], file}
          :eof -> {:halt, file}
          {:error, reason} -> raise File.Error, reason: reason, action: "read", path: path
        end
      end,
      &:file.close/1
    )
  end

  @doc "What is wrong with a file, and what to do."
  @spec explain(Path.t(), File.posix()) :: String.t()
  def explain(path, :enoent), do: "there is no file #{path}: name one, or - for standard input"

  def explain(path, :eisdir),
    do: "#{path} is a directory: name the files in it, as in #{Path.join(path, "*.json")}"

  def explain(path, reason) when reason in [:eacces, :eperm],
    do: "#{path} cannot be read: #{:file.format_error(reason)}; name a file that is yours to read"

  def explain(path, reason),
    do: "#{path} cannot be read: #{:file.format_error(reason)}; name another file"

  defp open_at(path, from) do
    with {:ok, file} <- :file.open(path, [:read, :raw, :binary]),
         {:ok, ^from} <- if(from == 0, do: {:ok, 0}, else: :file.position(file, from)) do
      file
    else
      {:error, reason} -> raise File.Error, reason: reason, action: "read", path: path
    end
  end

  # As bytes: what is no UTF-8 is for the parser to say.
  defp stdin(read) do
    Stream.resource(
      fn -> encoding(:latin1) end,
      fn encoding ->
        case read.(:stdio) do
          chunk when is_binary(chunk) -> {[chunk], encoding}
          :eof -> {:halt, encoding}
          {:error, reason} -> raise File.Error, reason: reason, action: "read", path: "-"
        end
      end,
      &encoding/1
    )
  end

  defp encoding(new) do
    old = Keyword.get(:io.getopts(), :encoding, :unicode)
    _ = :io.setopts(encoding: new)
    old
  end
end
