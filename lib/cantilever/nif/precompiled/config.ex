defmodule Cantilever.Nif.Precompiled.Config do
  @moduledoc false
  # What a module declares of its artifacts, read from its source without compiling the project: to compile it may
  # take the checksum file that is still to be made. The application's configuration stands above the source, and
  # flags of a task above both.

  alias Cantilever.Nif.Precompiled.Declaration
  alias Cantilever.Nif.Precompiled.Fetch
  alias Cantilever.Nif.Precompiled.Mirrors
  alias Cantilever.Nif.Precompiled.Naming

  @default_targets ~w(aarch64-apple-darwin aarch64-unknown-linux-gnu aarch64-unknown-linux-musl
    arm-unknown-linux-gnueabihf riscv64gc-unknown-linux-gnu x86_64-apple-darwin x86_64-pc-windows-gnu
    x86_64-pc-windows-msvc x86_64-unknown-linux-gnu x86_64-unknown-linux-musl)
  @default_nif_versions ["2.15"]

  # What cargo needs to know to build the crate.
  @building [:crate, :path, :features, :default_features, :env, :cargo]

  @flags %{version: "--version", targets: "--targets", nif_versions: "--nif-versions"}

  @enforce_keys [
    :module,
    :file,
    :otp_app,
    :basename,
    :version,
    :targets,
    :nif_versions,
    :variants
  ]
  defstruct [mirrors: [], build: {:ok, []}] ++ @enforce_keys

  # `build` are options of `Cantilever.Nif.Options`, which may be unreadable where nothing is to be built.
  @type t :: %__MODULE__{
          module: module(),
          file: Path.t(),
          otp_app: atom(),
          basename: String.t(),
          version: String.t(),
          targets: [String.t(), ...],
          nif_versions: [String.t(), ...],
          variants: %{String.t() => [String.t()]},
          mirrors: [Mirrors.declared()],
          build: {:ok, keyword()} | {:error, String.t()}
        }

  # Flags: `:version`, `:targets`, `:nif_versions`, and `:base_url`, a list of strings.
  @spec from_source(module(), Path.t(), keyword()) :: {:ok, t()} | {:error, String.t()}
  def from_source(module, root, flags \\ []) do
    project = if Mix.Project.get(), do: Mix.Project.config(), else: []

    with {:ok, source} <-
           Declaration.find(module, root, project[:elixirc_paths] || ["lib"], project),
         {:ok, otp_app} <- value(source, [], :otp_app, &(is_atom(&1) and &1 != nil)),
         {:ok, given} <- given(source, otp_app, flags),
         {:ok, crate} <- value(source, given, :crate, &name?/1, otp_app),
         {:ok, version} <- value(source, given, :version, &version?/1),
         {:ok, targets} <-
           value(source, given, :targets, &list?(&1, ~r/\A[\w.-]+\z/), @default_targets),
         {:ok, nif_versions} <-
           value(source, given, :nif_versions, &list?(&1, ~r/\A2\.\d+\z/), @default_nif_versions),
         {:ok, variants} <- value(source, given, :variants, &variants?/1, %{}) do
      {:ok,
       %__MODULE__{
         module: module,
         file: source.file,
         otp_app: otp_app,
         basename: to_string(crate),
         version: version,
         targets: Enum.uniq(targets),
         nif_versions: Enum.uniq(nif_versions),
         variants: Map.new(variants, fn {target, variants} -> {target, names(variants)} end),
         mirrors: mirrors(source, given),
         build: build(source, given)
       }}
    end
  end

  @spec default_targets() :: [String.t(), ...]
  def default_targets, do: @default_targets

  @spec default_nif_versions() :: [String.t(), ...]
  def default_nif_versions, do: @default_nif_versions

  # Where an archive can be had, in order.
  @spec urls(t(), archive :: String.t()) :: {:ok, [Fetch.url(), ...]} | {:error, String.t()}
  def urls(%__MODULE__{} = config, archive) do
    urls = for {:url, {url, headers}} <- config.mirrors, do: {Naming.url(url, archive), headers}

    case {urls, List.keyfind(config.mirrors, :wrong, 0)} do
      {[_ | _], _wrong} ->
        {:ok, urls}

      {[], {:wrong, flaw}} ->
        {:error, "#{inspect(config.module)}: the option :base_url is wrong: #{flaw}"}

      {[], nil} ->
        {:error,
         "#{config.file}: #{inspect(config.module)} has no option :base_url that can be read without running the " <>
           "project's code. Pass --base-url URL"}
    end
  end

  # Only the kit has an option for everything in the configuration.
  defp given(%{user: RustlerPrecompiled}, _otp_app, flags), do: {:ok, flags}

  defp given(source, otp_app, flags) do
    config = Application.get_env(otp_app, source.module, [])

    if Keyword.keyword?(config),
      do: {:ok, Keyword.merge(config, flags)},
      else:
        {:error,
         "the configuration of #{inspect(source.module)} in the application #{inspect(otp_app)} is no keyword list. " <>
           "Write `config #{inspect(otp_app)}, #{inspect(source.module)}, version: …`"}
  end

  defp value(source, given, key, valid?, default \\ nil) do
    case with(:error <- Keyword.fetch(given, key), do: Declaration.fetch(source, key)) do
      :error when default != nil -> {:ok, default}
      {:ok, nil} when default != nil -> {:ok, default}
      :error -> {:error, "#{place(source)} has no option #{inspect(key)}. #{remedy(key)}"}
      {:ok, value} -> if valid?.(value), do: {:ok, value}, else: invalid(source, key, value)
      {:unreadable, code} -> {:error, unreadable(source, key, code)}
    end
  end

  defp invalid(source, key, value) do
    {:error,
     "#{place(source)}: invalid value for the option #{inspect(key)}: #{inspect(value)}. #{remedy(key)}"}
  end

  defp unreadable(source, key, code) do
    "#{place(source)}: the option #{inspect(key)} cannot be read without running the project's code, because of " <>
      "`#{code}`. #{remedy(key)}"
  end

  defp place(source), do: "#{source.file}:#{source.line}: #{inspect(source.module)}"

  defp remedy(key) do
    expected =
      case key do
        :version -> ~s|a version such as "1.2.0", or Mix.Project.config()[:version]|
        :targets -> ~s(a list of Rust's targets such as ["x86_64-unknown-linux-gnu"])
        :nif_versions -> ~s(a list of NIF versions such as ["2.15"])
        :variants -> ~s(a map such as %{"x86_64-unknown-linux-gnu" => [old_glibc: fn -> … end]})
        _other -> "a literal"
      end

    "Write #{expected}" <> if(flag = @flags[key], do: ", or pass #{flag}", else: "")
  end

  defp name?(value),
    do: (is_binary(value) or is_atom(value)) and to_string(value) =~ ~r/\A[\w-]+\z/

  defp version?(value), do: is_binary(value) and match?({:ok, _version}, Version.parse(value))

  defp list?(values, pattern),
    do: is_list(values) and values != [] and Enum.all?(values, &(is_binary(&1) and &1 =~ pattern))

  defp variants?(%{} = variants) do
    Enum.all?(variants, fn {target, named} ->
      is_binary(target) and is_list(named) and
        Enum.all?(names(named), &(is_binary(&1) and &1 =~ ~r/\A[\w.-]+\z/))
    end)
  end

  defp variants?(_other), do: false

  # With functions that choose among them, or without.
  defp names(variants) do
    Enum.map(variants, fn
      {name, _chosen?} when is_atom(name) -> Atom.to_string(name)
      name when is_atom(name) -> Atom.to_string(name)
      other -> other
    end)
  end

  defp mirrors(source, given) do
    case with(:error <- Keyword.fetch(given, :base_url), do: Declaration.fetch(source, :base_url)) do
      {:ok, value} -> Mirrors.declared(value)
      {:unreadable, _code} -> [{:unasked, "what cannot be read without running its code"}]
      :error -> []
    end
  end

  defp build(source, given) do
    read =
      for key <- @building,
          value = with(:error <- Keyword.fetch(given, key), do: Declaration.fetch(source, key)),
          value != :error,
          do: {key, value}

    case for({key, {:unreadable, code}} <- read, do: {key, code}) do
      [] -> {:ok, for({key, {:ok, value}} <- read, do: {key, value})}
      [{key, code} | _] -> {:error, unreadable(source, key, code)}
    end
  end
end
