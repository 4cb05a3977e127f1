defmodule Cantilever.Nif.Precompiled.Reproducible do
  @moduledoc false
  # How cargo is to be called so that a library for others does not tell where it was built, nor differ by it: paths
  # are replaced, symbols are stripped, and nothing of an earlier build goes into it.

  alias Cantilever.Nif.Cargo
  alias Cantilever.Nif.Options

  # Whoever has set one of these means it.
  @defaults [{"CARGO_PROFILE_RELEASE_STRIP", "symbols"}, {"CARGO_INCREMENTAL", "0"}]

  # The options with what goes into cargo's environment, and flags for the compiler. `root` is the project's, `paths`
  # are folders outside of it that sources may come from, by name.
  @spec prepare(Options.t(), Path.t(), %{String.t() => Path.t()}) :: {Options.t(), [String.t()]}
  def prepare(%Options{} = options, root, paths) do
    env = for {name, value} <- @defaults, Cargo.variable(options, name) == nil, do: {name, value}
    {%{options | env: Enum.reduce(env, options.env, &set/2)}, remaps(options, root, paths)}
  end

  defp set({name, _value} = variable, env), do: List.keystore(env, name, 0, variable)

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
end
