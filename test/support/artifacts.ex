defmodule Cantilever.Artifacts do
  @moduledoc false
  # Made-up artifacts, and a Mix project that declares them and must not be compiled: its sources say so as loudly as
  # they can.

  alias Cantilever.ElfFile
  alias Cantilever.NativeProject
  alias Cantilever.Nif.Precompiled.{Archive, Naming}

  @version "0.1.0"

  # Options: `:options`, the code of more options of `use`, and `:targets`.
  @spec project(Path.t(), keyword()) :: Path.t()
  def project(dir, opts \\ []) do
    NativeProject.write(dir, "mix.exs", """
    defmodule MyApp.MixProject do
      use Mix.Project
      def project, do: [app: :my_app, version: "#{@version}"]
    end
    """)

    NativeProject.write(dir, "lib/my_app/native.ex", """
    defmodule MyApp.Native do
      @version Mix.Project.config()[:version]
      File.write!("compiled", "")
      raise "compiled"

      use Cantilever.Nif,
        otp_app: :my_app,
        version: @version,
        #{Keyword.get(opts, :options, "")}
        targets: #{inspect(Keyword.fetch!(opts, :targets))}
    end
    """)

    dir
  end

  # Whether anything of the project has been compiled.
  @spec compiled?(Path.t()) :: boolean()
  def compiled?(dir) do
    File.exists?(Path.join(dir, "compiled")) or
      Path.wildcard(Path.join(dir, "_build/*/lib/my_app/ebin/*.beam")) != []
  end

  @spec name(String.t(), String.t() | nil) :: String.t()
  def name(target, variant \\ nil) do
    Naming.archive(%{
      basename: "my_app",
      version: @version,
      nif_version: "2.15",
      target: target,
      variant: variant
    })
  end

  # The archive that belongs to a name, with a library that needs this glibc.
  @spec archive(String.t(), String.t()) :: binary()
  def archive(name, glibc \\ "2.17"),
    do: Archive.pack(Naming.library_of(name), library(name, glibc))

  @spec library(String.t(), String.t()) :: binary()
  def library(name, glibc) do
    {:ok, %{target: target}} = Naming.parse(name)

    cond do
      target =~ "apple" ->
        <<0xFEEDFACF::little-32, 0x0100000C::little-32, 0::800>>

      target =~ "windows" ->
        <<"MZ", 0::464, 64::little-32, "PE", 0, 0, 0x8664::little-16, 0::800>>

      true ->
        ElfFile.build(
          machine: hd(String.split(target, "-")),
          needs: [{"libc.so.6", ["GLIBC_" <> glibc]}]
        )
    end
  end

  @spec put(Path.t(), String.t(), binary()) :: :ok
  def put(dir, name, bytes) do
    File.mkdir_p!(dir)
    File.write!(Path.join(dir, name), bytes)
  end
end
