defmodule Cantilever.PrecompiledProject do
  @moduledoc false
  # Temporary Mix projects that declare precompiled artifacts, and those artifacts, for this machine.

  alias Cantilever.NativeProject
  alias Cantilever.Nif.Precompiled.{Archive, Checksums, Naming, Target}

  @nif_version "2.15"

  @type artifact :: %{
          archive: String.t(),
          library: String.t(),
          target: String.t(),
          bytes: binary()
        }

  # Builds the library that all projects of a test file share.
  @spec library(Path.t()) :: Path.t()
  def library(dir) do
    project = NativeProject.create(Path.join(dir, "source"))
    {_output, 0} = NativeProject.mix(project, ["compile"])
    [library] = NativeProject.libraries(project)
    library
  end

  # The library as it is published.
  @spec artifact(Path.t()) :: artifact()
  def artifact(library), do: library |> File.read!() |> pack()

  # The options: `:target` and `:variant`.
  @spec pack(binary(), keyword()) :: artifact()
  def pack(bytes, opts \\ []) do
    {:ok, %{target: running}} = Target.running()
    target = Keyword.get(opts, :target, running)

    name = %{
      basename: "tiny",
      version: "0.1.0",
      nif_version: @nif_version,
      target: target,
      variant: opts[:variant]
    }

    %{
      archive: Naming.archive(name),
      library: Naming.library(name),
      target: target,
      bytes: Archive.pack(Naming.library(name), bytes)
    }
  end

  # The options: `:checksums` (a map, a text, or nil for no file), `:use` (more options), `:config`.
  @spec create(Path.t(), term(), Path.t(), keyword()) :: :ok
  def create(dir, base_url, library, opts \\ []) do
    artifact = artifact(library)
    use = ", base_url: #{inspect(base_url)}, version: \"0.1.0\", max_retries: 0"
    NativeProject.create(dir, use: use <> Keyword.get(opts, :use, ""))

    if config = opts[:config],
      do: NativeProject.write(dir, "config/config.exs", "import Config\n" <> config <> "\n")

    checksums = Keyword.get(opts, :checksums, checksums(artifact.archive, artifact.bytes))
    write_checksums(dir, checksums)
  end

  @spec checksums(String.t(), binary()) :: %{String.t() => String.t()}
  def checksums(name, bytes), do: %{name => Checksums.digest(bytes)}

  @spec write_checksums(Path.t(), map() | String.t() | nil) :: :ok
  def write_checksums(dir, nil), do: File.rm_rf!(Checksums.path(Tiny, dir)) && :ok

  def write_checksums(dir, %{} = checksums), do: write_checksums(dir, Checksums.render(checksums))

  def write_checksums(dir, text), do: File.write!(Checksums.path(Tiny, dir), text)

  # An environment in which nobody finds cargo, rustup or a proxy.
  @spec without_cargo() :: [{String.t(), String.t() | nil}]
  def without_cargo do
    path =
      System.fetch_env!("PATH")
      |> String.split(":")
      |> Enum.reject(
        &(File.exists?(Path.join(&1, "cargo")) or File.exists?(Path.join(&1, "rustup")))
      )
      |> Enum.join(":")

    proxies = for name <- ~w(HTTP_PROXY http_proxy HTTPS_PROXY https_proxy), do: {name, nil}
    [{"PATH", path} | proxies]
  end

  # Compiles in a process of the system's own that a test may kill.
  @spec start_compile(Path.t(), Path.t()) :: port()
  def start_compile(dir, cache) do
    env =
      [
        {"CANTILEVER_CACHE", cache},
        {"ERL_LIBS", Path.join(Mix.Project.build_path(), "lib")},
        {"MIX_ENV", "dev"}
      ] ++ without_cargo()

    Port.open({:spawn_executable, System.find_executable("mix")}, [
      :binary,
      :stderr_to_stdout,
      args: ["compile"],
      cd: dir,
      env:
        for({name, value} <- env, do: {to_charlist(name), (value && to_charlist(value)) || false})
    ])
  end

  # As `kill -9` does, and waits until it is gone.
  @spec kill(port()) :: :ok
  def kill(port) do
    {:os_pid, pid} = Port.info(port, :os_pid)
    monitor = Port.monitor(port)
    {_output, 0} = System.cmd("kill", ["-9", Integer.to_string(pid)])

    receive do
      {:DOWN, ^monitor, :port, _port, _reason} -> :ok
    end
  end
end
