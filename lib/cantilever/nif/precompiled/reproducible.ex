defmodule Cantilever.Nif.Precompiled.Reproducible do
  @moduledoc false
  # How cargo is to be called so that a library for others does not tell where it was built, nor differ by it: paths
  # are replaced, symbols are stripped, and nothing of an earlier build goes into it.

  alias Cantilever.Nif.Cargo
  alias Cantilever.Nif.Options

  # Whoever has set one of these means it.
  @defaults [{"CARGO_PROFILE_RELEASE_STRIP", "symbols"}, {"CARGO_INCREMENTAL", "0"}]

  @settings [".cargo/config.toml", ".cargo/config"]
  @home_settings ["config.toml", "config"]

  # The options with what goes into cargo's environment, and more arguments for it. `root` is the project's, `paths`
  # are folders outside of it that sources may come from, by name.
  @spec arguments(Options.t(), Path.t(), %{String.t() => Path.t()}) :: {Options.t(), [String.t()]}
  def arguments(%Options{} = options, root, paths) do
    env = for {name, value} <- @defaults, Cargo.variable(options, name) == nil, do: {name, value}
    flags = remaps(options, root, paths) ++ libc(options.target)

    case inherited(options) do
      nil ->
        key = key(settings(options))
        {with_env(options, env), ["--config", "#{key}=[#{Enum.map_join(flags, ", ", &toml/1)}]"]}

      # Beside the variables, even empty ones, cargo looks at no settings.
      inherited ->
        flags = Enum.join(inherited ++ flags, "\x1F")
        {with_env(options, [{"CARGO_ENCODED_RUSTFLAGS", flags} | env]), []}
    end
  end

  # Which of cargo's settings for flags is in use: those of targets, if there are any, keep it from looking at the
  # common one.
  @spec key([text :: String.t()]) :: String.t()
  def key(settings) do
    keys = Enum.flat_map(settings, &rustflags/1)
    common? = Enum.any?(keys, &String.starts_with?(&1, "build."))
    target? = Enum.any?(keys, &String.starts_with?(&1, "target."))
    if common? and not target?, do: "build.rustflags", else: "target.'cfg(all())'.rustflags"
  end

  # The compiler takes the last that fits, so what lies inside of another one comes later.
  defp remaps(options, root, paths) do
    target_dir =
      Cargo.target_dir(options) || Cargo.variable(options, "CARGO_TARGET_DIR") ||
        Cargo.variable(options, "CARGO_BUILD_TARGET_DIR")

    [
      {Cargo.home(options), "/cargo"},
      {root, "/#{options.otp_app}"},
      {target_dir && Path.expand(target_dir, options.path), "/target"}
      | for({name, path} <- paths, do: {path, "/deps/#{name}"})
    ]
    |> Enum.filter(fn {from, _to} -> from end)
    |> Enum.sort_by(fn {from, _to} -> {byte_size(from), from} end)
    |> Enum.map(fn {from, to} -> "--remap-path-prefix=#{from}=#{to}" end)
  end

  # For musl, Rust links everything into one program, unless told that a library is to be loaded by one.
  defp libc(target),
    do: if(target && target =~ "musl", do: ["-Ctarget-feature=-crt-static"], else: [])

  defp inherited(options) do
    encoded = Cargo.variable(options, "CARGO_ENCODED_RUSTFLAGS")
    plain = Cargo.variable(options, "RUSTFLAGS")

    cond do
      encoded -> String.split(encoded, "\x1F", trim: true)
      plain -> String.split(plain)
      true -> nil
    end
  end

  defp with_env(options, env) do
    names = Enum.map(env, &elem(&1, 0))
    %{options | env: Enum.reject(options.env, fn {name, _value} -> name in names end) ++ env}
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

  defp toml(text) do
    escaped = text |> String.replace("\\", "\\\\") |> String.replace(~s("), ~s(\\"))
    ~s("#{escaped}")
  end
end
