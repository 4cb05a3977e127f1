defmodule Cantilever.Nif.Options do
  @moduledoc false
  # The options of `use Cantilever.Nif`: one schema from which validation, defaults and documentation come.
  # Later modules get the struct and trust it.

  alias Cantilever.Nif.Options.Type
  alias Cantilever.Nif.Precompiled.{Config, Mirrors}

  @schema [
    otp_app: {:atom, :required, "the application that the module belongs to"},
    crate: {:name, "the `:otp_app`", "the name of the crate's package"},
    path: {:string, ~s("native/<crate>"), "the crate's directory, relative to the project"},
    mode: {{:one_of, [:release, :debug]}, :release, "cargo's profile"},
    features: {:strings, [], "features of the crate to turn on"},
    default_features: {:boolean, true, "whether the crate's default features are on"},
    env: {:env, [], "environment variables for cargo; `nil` unsets one"},
    target:
      {:optional_string, nil,
       "the target triple of a cross build. The library is then neither loaded nor probed while compiling"},
    cargo: {:cargo, :system, "which cargo builds the crate"},
    load_data: {:any, 0, "a term for the library's load function"},
    load_data_fun:
      {:optional_mf, nil,
       "a function that computes `:load_data` whenever the library is loaded. Excludes `:load_data`, " <>
         "and leaves the first load to the first use of the module instead of its compilation"},
    load_from:
      {:optional_location, nil,
       "an application and a path in it, without extension: where the library is loaded from, and installed " <>
         "unless `:skip_compilation?`. Normally the library is kept beside the application's beam files; " <>
         ~s(with `:skip_compilation?` it is expected in `{otp_app, "priv/native/<crate>"}`)},
    skip_compilation?:
      {:boolean, false, "never start cargo: the library is already at `:load_from`"},
    base_url:
      {:mirrors, nil,
       "where the precompiled artifacts are. Those of a list are tried in order. A function gets the name of an " <>
         "archive and returns its whole URL, or `{url, headers}`. Passwords and tokens belong into what a " <>
         "`{Module, :function}` looks up: the configuration of an application ends up in its releases. Needs `:version`"},
    version: {:optional_version, nil, "the version of the artifacts. Needs `:base_url`"},
    targets:
      {:triples, "those of `RustlerPrecompiled`",
       "the targets, as Rust names them, for which there are artifacts"},
    nif_versions:
      {:nif_versions, ~s(["2.15"]),
       "the NIF versions of the artifacts that are published. Which of them is taken, the checksum file decides"},
    variants:
      {:variants, %{},
       "other artifacts for a target. The first whose function returns `true` is taken"},
    force_build:
      {:optional_boolean, nil,
       "build from source though there are artifacts, as versions with the pre-release `dev` always are"},
    max_retries: {{:range, 0..15}, 3, "how often all mirrors are asked again"}
  ]

  @enforce_keys [:otp_app, :crate, :path]
  defstruct [
    :otp_app,
    :crate,
    :path,
    :target,
    :load_data_fun,
    :load_from,
    :base_url,
    :version,
    :targets,
    :nif_versions,
    :force_build,
    variants: %{},
    max_retries: 3,
    mode: :release,
    features: [],
    default_features: true,
    env: [],
    cargo: :system,
    load_data: 0,
    skip_compilation?: false
  ]

  @type t :: %__MODULE__{
          otp_app: atom(),
          crate: String.t(),
          path: Path.t(),
          mode: :release | :debug,
          features: [String.t()],
          default_features: boolean(),
          env: [{String.t(), String.t() | nil}],
          target: String.t() | nil,
          cargo:
            :system | {:system, String.t()} | {:rustup, atom() | String.t()} | {:bin, Path.t()},
          load_data: term(),
          load_data_fun: {module(), atom()} | nil,
          load_from: {atom(), Path.t()} | nil,
          skip_compilation?: boolean(),
          base_url: Mirrors.t() | nil,
          version: String.t() | nil,
          targets: [String.t()],
          nif_versions: [String.t()],
          variants: %{String.t() => [{atom(), (() -> boolean()) | (map() -> boolean())}]},
          force_build: boolean(),
          max_retries: 0..15
        }

  # What rustler_precompiled's configuration says about building from source.
  @type forcing :: [force_build_all: boolean() | nil, force_build: boolean() | nil]

  # The application names the configuration to read, so it is needed before everything else.
  @spec otp_app!(module(), keyword()) :: atom()
  def otp_app!(module, opts) do
    keyword!(module, "`use Cantilever.Nif`", opts)

    case Keyword.fetch(opts, :otp_app) do
      {:ok, app} when is_atom(app) and app not in [nil, true, false] ->
        app

      {:ok, other} ->
        invalid!(module, :otp_app, other, :atom)

      :error ->
        raise ArgumentError,
              "#{inspect(module)}: `use Cantilever.Nif` needs the option :otp_app, such as `otp_app: :my_app`"
    end
  end

  @spec new!(module(), keyword(), keyword(), forcing()) :: t()
  def new!(module, opts, config, forcing \\ []) do
    _ = otp_app!(module, opts)
    keyword!(module, "its configuration", config)
    given = Keyword.merge(opts, config)
    Enum.each(given, &validate!(module, &1))
    exclusive!(module, given)
    together!(module, given)

    crate = to_string(given[:crate] || given[:otp_app])

    __MODULE__
    |> struct!(Keyword.merge(given, crate: crate, path: given[:path] || "native/#{crate}"))
    |> default_location()
    |> default_artifacts()
    |> force_build(forcing)
  end

  @spec docs() :: String.t()
  def docs do
    Enum.map_join(@schema, "\n", fn {key, {type, default, doc}} ->
      default =
        case default do
          :required -> "Required"
          text when is_binary(text) -> "Default: #{if text =~ "`", do: text, else: "`#{text}`"}"
          value -> "Default: `#{inspect(value)}`"
        end

      "  * `#{inspect(key)}` - #{doc}. #{Type.accepted(type)}. #{default}."
    end)
  end

  defp default_location(%{skip_compilation?: true, load_from: nil} = options),
    do: %{options | load_from: {options.otp_app, "priv/native/#{options.crate}"}}

  defp default_location(options), do: options

  defp default_artifacts(options) do
    %{
      options
      | targets: options.targets || Config.default_targets(),
        nif_versions: options.nif_versions || Config.default_nif_versions()
    }
  end

  # What is said for all packages stands above what one says of itself, as in rustler_precompiled.
  defp force_build(options, forcing) do
    all =
      case forcing[:force_build_all] do
        nil -> System.get_env("RUSTLER_PRECOMPILED_FORCE_BUILD_ALL") in ["1", "true"]
        all -> all
      end

    own = if is_nil(options.force_build), do: forcing[:force_build], else: options.force_build
    %{options | force_build: all == true or own == true}
  end

  defp keyword!(module, source, opts) do
    Keyword.keyword?(opts) ||
      raise ArgumentError,
            "#{inspect(module)}: #{source} needs a keyword list of options, such as `[crate: \"my_crate\"]`, " <>
              "and got #{kind(opts)}"
  end

  # What stands in it may be secret, and is not shown.
  defp kind(opts) when is_map(opts), do: "a map"
  defp kind(opts) when is_list(opts), do: "a list of something else"
  defp kind(_opts), do: "something else"

  # The value of an unknown option may be meant for `:base_url`, and thus be secret.
  defp validate!(module, {key, value}) do
    case Keyword.fetch(@schema, key) do
      {:ok, {type, _default, _doc}} ->
        Type.valid?(type, value) || invalid!(module, key, value, type)

      :error ->
        raise ArgumentError,
              "#{inspect(module)}: unknown option #{inspect(key)} in " <>
                "`use Cantilever.Nif` or in its configuration. Known options: " <>
                Enum.map_join(@schema, ", ", fn {known, _} -> inspect(known) end)
    end
  end

  @spec invalid!(module(), atom(), term(), term()) :: no_return()
  defp invalid!(module, key, value, type) do
    raise ArgumentError,
          "#{inspect(module)}: invalid value for the option #{inspect(key)}: #{Type.shown(type, value)}. " <>
            "Accepted: #{Type.accepted(type)}"
  end

  defp exclusive!(module, given) do
    if given[:load_data_fun] && Keyword.get(given, :load_data, 0) != 0 do
      raise ArgumentError,
            "#{inspect(module)}: the options load_data: #{inspect(given[:load_data])} and " <>
              "load_data_fun: #{inspect(given[:load_data_fun])} exclude each other. Accepted: one of them, " <>
              "in `use Cantilever.Nif` or in its configuration"
    end
  end

  defp together!(module, given) do
    Enum.each([base_url: :version, version: :base_url], fn {key, other} ->
      if given[key] != nil and given[other] == nil do
        raise ArgumentError,
              "#{inspect(module)}: the option #{inspect(key)} needs the option #{inspect(other)} beside it, " <>
                "as the name of an artifact holds its version"
      end
    end)
  end
end
