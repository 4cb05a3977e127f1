defmodule Cantilever.Nif.Rustflags do
  @moduledoc false
  # Flags for the compiler beside those that the user has set, wherever that is. Cargo takes them from the first of its
  # variables and settings that has any, and passes over the others, so ours have to go where the user's are.

  alias Cantilever.Nif.Cargo
  alias Cantilever.Nif.Options

  @settings [".cargo/config.toml", ".cargo/config"]
  @home_settings ["config.toml", "config"]

  @target "target.'cfg(all())'.rustflags"
  @common "build.rustflags"

  # The options with what goes into cargo's environment, and more arguments for it.
  @spec add(Options.t(), [String.t()]) :: {Options.t(), [String.t()]}
  def add(%Options{} = options, []), do: {options, []}

  def add(%Options{} = options, flags) do
    inherited = inherited(options)

    cond do
      # Beside the variables, even empty ones, cargo looks at no settings.
      inherited ->
        {set(options, "CARGO_ENCODED_RUSTFLAGS", Enum.join(inherited ++ flags, "\x1F")), []}

      key(variables(options) ++ settings(options)) == @target ->
        {options, config(@target, flags)}

      # This is added to a setting that is a string as well as to a list, but is split at each blank.
      not Enum.any?(flags, &(&1 =~ ~r/\s/)) ->
        user = List.wrap(Cargo.variable(options, "CARGO_BUILD_RUSTFLAGS"))
        {set(options, "CARGO_BUILD_RUSTFLAGS", Enum.join(user ++ flags, " ")), []}

      true ->
        {options, config(@common, flags)}
    end
  end

  # Which of cargo's settings for flags is in use: those of targets, if there are any, keep it from looking at the
  # common one.
  @spec key([text :: String.t()]) :: String.t()
  def key(settings) do
    keys = Enum.flat_map(settings, &rustflags/1)
    common? = Enum.any?(keys, &String.starts_with?(&1, "build."))
    target? = Enum.any?(keys, &String.starts_with?(&1, "target."))
    if common? and not target?, do: @common, else: @target
  end

  defp inherited(options) do
    encoded = Cargo.variable(options, "CARGO_ENCODED_RUSTFLAGS")
    plain = Cargo.variable(options, "RUSTFLAGS")

    cond do
      encoded -> String.split(encoded, "\x1F", trim: true)
      plain -> String.split(plain)
      true -> nil
    end
  end

  # Those that stand for settings.
  defp variables(options) do
    names = Map.keys(System.get_env()) ++ Enum.map(options.env, &elem(&1, 0))

    for name <- Enum.uniq(names), Cargo.variable(options, name) != nil, reduce: [] do
      texts ->
        cond do
          name == "CARGO_BUILD_RUSTFLAGS" -> ["#{@common} =" | texts]
          name =~ ~r/\ACARGO_TARGET_.+_RUSTFLAGS\z/ -> ["#{@target} =" | texts]
          true -> texts
        end
    end
  end

  # Cargo reads those of all folders above the crate, and its own.
  defp settings(options) do
    above =
      options.path
      |> Path.expand()
      |> Stream.iterate(&Path.dirname/1)
      |> Enum.reduce_while([], fn dir, dirs ->
        if dir == Path.dirname(dir), do: {:halt, [dir | dirs]}, else: {:cont, [dir | dirs]}
      end)

    files =
      for(dir <- above, name <- @settings, do: Path.join(dir, name)) ++
        for name <- @home_settings, do: Path.join(Cargo.home(options), name)

    for file <- files, {:ok, text} <- [File.read(file)], do: text
  end

  # The full names of all that set flags, as far as that is seen without a parser of TOML.
  defp rustflags(text) do
    {keys, _section} =
      text
      |> String.split("\n")
      |> Enum.reduce({[], ""}, fn line, {keys, section} ->
        cond do
          match = Regex.run(~r/\A\s*\[\s*([^\[\]]+?)\s*\]/, line) ->
            {keys, Enum.at(match, 1) <> "."}

          match = Regex.run(~r/\A\s*((?:[^=#]+\.)?rustflags)\s*=/, line) ->
            {[section <> Enum.at(match, 1) | keys], section}

          true ->
            {keys, section}
        end
      end)

    keys
  end

  defp set(options, name, value),
    do: %{options | env: List.keystore(options.env, name, 0, {name, value})}

  defp config(key, flags), do: ["--config", "#{key}=[#{Enum.map_join(flags, ", ", &toml/1)}]"]

  defp toml(text) do
    escaped = text |> String.replace("\\", "\\\\") |> String.replace(~s("), ~s(\\"))
    ~s("#{escaped}")
  end
end
