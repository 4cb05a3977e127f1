defmodule Cantilever.Nif.Sources do
  @moduledoc false
  # The files that a library is made of: what cargo lists in the dep-info file beside its artifact, plus the
  # manifests, lock and settings that steer cargo. Everything that comes from a registry is left out, because
  # the lock file stands for it.

  @settings [".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"]
  @created_later ["Cargo.lock", ".cargo/config.toml", "rust-toolchain.toml"]

  # Absolute paths, sorted. Some may not exist yet: their appearance is a change too.
  @spec list(Path.t(), Path.t(), Path.t()) :: [Path.t()]
  def list(artifact, crate_dir, cargo_home) do
    generated = Path.dirname(artifact)

    listed =
      artifact
      |> dep_info()
      |> Enum.map(&Path.expand(&1, crate_dir))
      |> Enum.reject(&(inside?(&1, cargo_home) or inside?(&1, generated)))
      |> Enum.flat_map(&files/1)

    packages = Enum.uniq([crate_dir | Enum.flat_map(listed, &package_dir/1)])

    (listed ++ Enum.flat_map(packages, &package_files/1) ++ workspace_files(crate_dir))
    |> Enum.uniq()
    |> Enum.sort()
  end

  # Lines of a Makefile, `target: source source`, in which cargo escapes spaces only.
  @spec parse_dep_info(String.t()) :: [Path.t()]
  def parse_dep_info(text) do
    for line <- String.split(text, ["\r\n", "\n"], trim: true),
        [_target, sources] <- [String.split(line, ~r/(?<!\\): /, parts: 2)],
        source <- String.split(sources, ~r/(?<!\\) /, trim: true),
        uniq: true,
        do: String.replace(source, "\\ ", " ")
  end

  defp dep_info(artifact) do
    case File.read(Path.rootname(artifact) <> ".d") do
      {:ok, text} -> parse_dep_info(text)
      {:error, _reason} -> []
    end
  end

  # A build script may name a directory in `rerun-if-changed`.
  defp files(path), do: if(File.dir?(path), do: tree(path), else: [path])

  defp package_dir(source) do
    source
    |> ancestors()
    |> Enum.find(&File.regular?(Path.join(&1, "Cargo.toml")))
    |> List.wrap()
  end

  # A build script that says nothing reruns when any file of its package changes.
  defp package_files(dir) do
    if File.regular?(Path.join(dir, "build.rs")),
      do: tree(dir),
      else: [Path.join(dir, "Cargo.toml")]
  end

  defp tree(dir) do
    for path <- Path.wildcard(Path.join(escape(dir), "**")),
        File.regular?(path),
        not inside?(path, Path.join(dir, "target")),
        do: path
  end

  defp escape(dir), do: String.replace(dir, ~r/[\\*?\[\]{},]/, "\\\\\\0")

  defp workspace_files(crate_dir) do
    ancestors = [crate_dir | ancestors(crate_dir)]
    {members, above} = Enum.split_while(ancestors, &(not workspace?(&1)))
    # Without a workspace the crate is its own.
    {within, root} =
      if above == [], do: {[crate_dir], crate_dir}, else: {members ++ [hd(above)], hd(above)}

    present =
      for dir <- within, name <- ["Cargo.toml", "Cargo.lock"] do
        Path.join(dir, name)
      end ++ for dir <- ancestors, name <- @settings, do: Path.join(dir, name)

    awaited =
      for dir <- Enum.uniq([crate_dir, root]), name <- @created_later, do: Path.join(dir, name)

    Enum.filter(present, &File.regular?/1) ++ awaited
  end

  defp workspace?(dir) do
    case File.read(Path.join(dir, "Cargo.toml")) do
      {:ok, text} -> text =~ ~r/^\s*\[\s*workspace\s*[\].]/m
      {:error, _reason} -> false
    end
  end

  defp ancestors(path) do
    path
    |> Stream.iterate(&Path.dirname/1)
    |> Stream.chunk_every(2, 1)
    |> Stream.take_while(fn [path, parent] -> path != parent end)
    |> Enum.map(fn [_path, parent] -> parent end)
  end

  defp inside?(path, dir), do: String.starts_with?(path, dir <> "/")
end
