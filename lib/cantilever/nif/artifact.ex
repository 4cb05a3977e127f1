defmodule Cantilever.Nif.Artifact do
  @moduledoc false
  # Names a library after its content, puts it where the application finds it, and clears older ones.
  #
  # That place is the application's ebin directory: priv would be a link into the source tree, shared by every
  # environment and target, whereas ebin belongs to one of each, and releases copy all of it.

  alias Cantilever.AtomicFile
  alias Cantilever.Nif.Options

  # Elixir 1.14 takes a file newer than the start of the compilation for a change, and this one always is.
  @mtime {{2000, 1, 1}, {0, 0, 0}}

  @hash_digits 16
  @hash "-[0-9a-f]{#{@hash_digits}}"

  @type location :: {atom(), Path.t()}

  # Returns the file and the location from which the application loads it.
  @spec install!(Path.t(), Options.t()) :: {Path.t(), location()}
  def install!(artifact, %Options{} = options),
    do: install!(File.read!(artifact), Path.extname(artifact), options)

  # The extension is that of a library on its system.
  @spec install!(binary(), String.t(), Options.t()) :: {Path.t(), location()}
  def install!(content, extension, %Options{load_from: nil} = options) do
    file = place!(content, extension, Mix.Project.compile_path(), stem(options.crate))
    {file, {options.otp_app, "ebin/#{Path.basename(file, Path.extname(file))}"}}
  end

  def install!(content, extension, %Options{load_from: {app, path}} = options) do
    root = if app == options.otp_app, do: Mix.Project.app_path(), else: Application.app_dir(app)
    {write!(content, Path.join(root, path <> extension(extension))), {app, path}}
  end

  # Puts a library into a folder, under a name with the hash of its content.
  @spec place!(binary(), String.t(), Path.t(), String.t()) :: Path.t()
  def place!(content, extension, dir, stem),
    do: write!(content, Path.join(dir, hashed(stem, content, extension)))

  @spec name(String.t(), binary(), String.t()) :: String.t()
  def name(crate, content, extension), do: hashed(stem(crate), content, extension)

  # What a name has before its hash; nil if it has none.
  @spec stem_of(Path.t()) :: String.t() | nil
  def stem_of(file) do
    case Regex.run(~r/\A(.+)#{@hash}\z/, Path.basename(file, Path.extname(file))) do
      [_name, stem] -> stem
      nil -> nil
    end
  end

  # The crate's libraries that are not among the `used` ones, and the halves that builds left which were killed. Those of
  # another build that still runs are younger.
  @spec unused([Path.t()], Path.t(), String.t(), integer()) :: [Path.t()]
  def unused(used, dir, crate, now \\ System.os_time(:second)) do
    used = Enum.map(used, &Path.basename/1)
    library = ~r/\A#{Regex.escape(stem(crate))}#{@hash}\.(so|dll)\z/

    libraries =
      for name <- File.ls!(dir), name =~ library, name not in used, do: Path.join(dir, name)

    libraries ++ AtomicFile.leftovers(dir, &(&1 =~ library), now)
  end

  # A running system that has one mapped keeps it until it exits.
  @spec remove([Path.t()]) :: :ok
  # Another process may have removed one meanwhile, and Windows keeps what is mapped.
  def remove(libraries), do: Enum.each(libraries, &File.rm/1)

  # `:erlang.load_nif/2` adds the extension itself, and on macOS too it is `.so`.
  defp extension(artifact), do: if(String.ends_with?(artifact, ".dll"), do: ".dll", else: ".so")

  defp stem(crate), do: "lib#{String.replace(crate, "-", "_")}"

  defp hashed(stem, content, extension) do
    hash = Base.encode16(:crypto.hash(:sha256, content), case: :lower)
    "#{stem}-#{binary_part(hash, 0, @hash_digits)}#{extension(extension)}"
  end

  # A file that a VM has mapped must never change, and after a power cut there must be no empty one under its name.
  defp write!(content, file) do
    unless File.read(file) == {:ok, content} do
      File.mkdir_p!(Path.dirname(file))
      AtomicFile.write!(file, content, sync: true, mode: 0o755, mtime: @mtime)
    end

    file
  end
end
