defmodule Cantilever.Nif.Options do
  @moduledoc false
  # The options of `use Cantilever.Nif`: one schema from which validation, defaults and documentation come.
  # Later modules get the struct and trust it.

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
      {:boolean, false, "never start cargo: the library is already at `:load_from`"}
  ]

  @enforce_keys [:otp_app, :crate, :path]
  defstruct [
    :otp_app,
    :crate,
    :path,
    :target,
    :load_data_fun,
    :load_from,
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
          skip_compilation?: boolean()
        }

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

  @spec new!(module(), keyword(), keyword()) :: t()
  def new!(module, opts, config) do
    _ = otp_app!(module, opts)
    keyword!(module, "its configuration", config)
    given = Keyword.merge(opts, config)
    Enum.each(given, &validate!(module, &1))
    exclusive!(module, given)

    crate = to_string(given[:crate] || given[:otp_app])

    __MODULE__
    |> struct!(Keyword.merge(given, crate: crate, path: given[:path] || "native/#{crate}"))
    |> default_location()
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

      "  * `#{inspect(key)}` - #{doc}. #{accepted(type)}. #{default}."
    end)
  end

  defp default_location(%{skip_compilation?: true, load_from: nil} = options),
    do: %{options | load_from: {options.otp_app, "priv/native/#{options.crate}"}}

  defp default_location(options), do: options

  defp keyword!(module, source, opts) do
    Keyword.keyword?(opts) ||
      raise ArgumentError,
            "#{inspect(module)}: #{source} needs a keyword list of options, got: #{inspect(opts)}"
  end

  defp validate!(module, {key, value}) do
    case Keyword.fetch(@schema, key) do
      {:ok, {type, _default, _doc}} ->
        valid?(type, value) || invalid!(module, key, value, type)

      :error ->
        raise ArgumentError,
              "#{inspect(module)}: unknown option #{inspect(key)} (with the value #{inspect(value)}) in " <>
                "`use Cantilever.Nif` or in its configuration. Known options: " <>
                Enum.map_join(@schema, ", ", fn {known, _} -> inspect(known) end)
    end
  end

  @spec invalid!(module(), atom(), term(), term()) :: no_return()
  defp invalid!(module, key, value, type) do
    raise ArgumentError,
          "#{inspect(module)}: invalid value for the option #{inspect(key)}: #{inspect(value)}. " <>
            "Accepted: #{accepted(type)}"
  end

  defp exclusive!(module, given) do
    if given[:load_data_fun] && Keyword.get(given, :load_data, 0) != 0 do
      raise ArgumentError,
            "#{inspect(module)}: the options load_data: #{inspect(given[:load_data])} and " <>
              "load_data_fun: #{inspect(given[:load_data_fun])} exclude each other. Accepted: one of them, " <>
              "in `use Cantilever.Nif` or in its configuration"
    end
  end

  defp valid?(:any, _value), do: true
  defp valid?(:atom, value), do: is_atom(value)
  defp valid?(:boolean, value), do: is_boolean(value)
  defp valid?(:string, value), do: is_binary(value)

  defp valid?(:name, value),
    do: (is_binary(value) and value != "") or (is_atom(value) and value != nil)

  defp valid?({:one_of, values}, value), do: value in values
  defp valid?(:strings, value), do: is_list(value) and Enum.all?(value, &is_binary/1)
  defp valid?(:optional_string, value), do: is_nil(value) or is_binary(value)

  defp valid?(:env, value) do
    is_list(value) and
      Enum.all?(value, fn
        {name, text} when is_binary(name) -> is_nil(text) or is_binary(text)
        _other -> false
      end)
  end

  defp valid?(:cargo, :system), do: true
  defp valid?(:cargo, {kind, text}) when kind in [:system, :bin], do: is_binary(text)

  defp valid?(:cargo, {:rustup, version}),
    do: is_binary(version) or version in [:stable, :beta, :nightly]

  defp valid?(:cargo, _value), do: false

  defp valid?(:optional_mf, {module, function}), do: is_atom(module) and is_atom(function)
  defp valid?(:optional_mf, value), do: is_nil(value)

  defp valid?(:optional_location, {app, path}), do: is_atom(app) and is_binary(path)
  defp valid?(:optional_location, value), do: is_nil(value)

  defp accepted(:any), do: "Any term"
  defp accepted(:atom), do: "An atom"
  defp accepted(:boolean), do: "A boolean"
  defp accepted(:string), do: "A string"
  defp accepted(:name), do: "A string or an atom"
  defp accepted({:one_of, values}), do: Enum.map_join(values, " or ", &"`#{inspect(&1)}`")
  defp accepted(:strings), do: "A list of strings"
  defp accepted(:optional_string), do: "A string or `nil`"
  defp accepted(:env), do: ~s(A list such as `[{"CC", "clang"}]`)

  defp accepted(:cargo),
    do:
      ~s(`:system`, `{:system, "+nightly"}`, `{:rustup, :stable | :beta | :nightly | "1.95.0"}` ) <>
        ~s(or `{:bin, "/path/to/cargo"}`)

  defp accepted(:optional_mf), do: "`{Module, :function}` or `nil`"
  defp accepted(:optional_location), do: ~s(`{:my_app, "priv/native/name"}` or `nil`)
end
