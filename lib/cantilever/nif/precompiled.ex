defmodule Cantilever.Nif.Precompiled do
  @moduledoc false
  # Whether a module takes a precompiled artifact or is built from source, and which artifact.

  alias Cantilever.Nif.{Library, Options}
  alias Cantilever.Nif.Precompiled.{Checksums, Choice, Supply, Target}

  @cross ~w(TARGET_ARCH TARGET_VENDOR TARGET_OS TARGET_ABI)

  @type plan :: :source | {:artifact, Choice.t(), Checksums.t()} | Supply.failure()

  # Decided anew in each compilation, from what lies on this machine alone.
  @spec plan(module(), Options.t()) :: plan()
  def plan(module, %Options{} = options) do
    if wanted?(options), do: choose(module, options), else: :source
  end

  # Whether the options ask for an artifact and nothing forces a build from source.
  @spec wanted?(Options.t(), (String.t() -> String.t() | nil)) :: boolean()
  def wanted?(options, env \\ &System.get_env/1)
  def wanted?(%Options{base_url: nil}, _env), do: false
  def wanted?(%Options{force_build: true}, _env), do: false

  def wanted?(options, env),
    do: not prerelease?(options.version) and env.("CANTILEVER_BUILD") not in ["1", "true"]

  # What the library of a plan is made of, so that a build of another plan does not pass for one of this.
  @spec origin(plan()) :: term()
  def origin({:artifact, choice, checksums}),
    do: {:artifact, choice.archive, checksums[choice.archive]}

  def origin(_source_or_failure), do: :source

  # The files whose change calls for another plan.
  @spec resources(module(), Options.t()) :: [Path.t()]
  def resources(module, options),
    do: if(wanted?(options), do: [Checksums.path(module, File.cwd!())], else: [])

  @spec library(plan(), Options.t(), boolean()) :: {:ok, binary()} | Supply.failure()
  def library({:artifact, choice, checksums}, options, for_host?) do
    with {:ok, bytes} <- Supply.library(choice, options, checksums),
         :ok <- fits(bytes, choice, for_host?),
         do: {:ok, bytes}
  end

  @spec extension(plan()) :: String.t()
  def extension({:artifact, choice, _checksums}), do: Path.extname(choice.library)

  # Whether the environment asks for another system's library, as that of Nerves does.
  @spec cross?() :: boolean()
  def cross?, do: Enum.any?(@cross, &(System.get_env(&1) not in [nil, ""]))

  # What to do when there is neither an artifact nor cargo.
  @spec advice(String.t()) :: String.t()
  def advice(crate) do
    "To build the crate #{inspect(crate)} from source, install Rust (https://rustup.rs) and set CANTILEVER_BUILD=1"
  end

  defp choose(module, options) do
    with {:ok, system} <- system(options),
         {:ok, checksums} <- checksums(module, File.cwd!()),
         {:ok, choice} <- Choice.choose(module, options, system, checksums) do
      {:artifact, choice, checksums}
    else
      {:error, message} -> {:error, :unavailable, message}
      failure -> failure
    end
  end

  defp system(%Options{target: nil}), do: Target.running()

  defp system(options) do
    with {:ok, system} <- Target.running(),
         do: {:ok, %{system | target: options.target, glibc: nil}}
  end

  # A file that is there and says nothing is worse than none.
  defp checksums(module, root) do
    with {:error, message} <- Checksums.read(module, root) do
      if File.exists?(Checksums.path(module, root)),
        do: {:error, :refused, message},
        else: {:error, message}
    end
  end

  defp fits(_bytes, _choice, false), do: :ok

  defp fits(bytes, choice, true) do
    with {:error, difference} <- Library.check(Library.parse(bytes), Library.host()) do
      {:error, :unavailable,
       "the library in #{choice.archive} cannot be used: #{difference}. Tell those who publish it"}
    end
  end

  defp prerelease?(version), do: "dev" in Version.parse!(version).pre
end
