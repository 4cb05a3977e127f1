defmodule Cantilever.Nif.Precompiled.ReproducibleTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Options
  alias Cantilever.Nif.Precompiled.Reproducible

  # Whatever the environment of these tests has, these have it otherwise.
  @unset [
    {"CARGO_PROFILE_RELEASE_STRIP", nil},
    {"CARGO_INCREMENTAL", nil},
    {"CARGO_TARGET_DIR", "/work/target"},
    {"CARGO_HOME", "/home/me/.cargo"}
  ]

  defp prepare(env \\ [], opts \\ []) do
    options =
      Options.new!(My.Native, [otp_app: :my_app, target: "x86_64-unknown-linux-gnu"] ++ opts, [])

    options = %{
      options
      | env: Enum.uniq_by(env ++ @unset, &elem(&1, 0)),
        path: opts[:path] || "/work/native"
    }

    {options, flags} =
      Reproducible.prepare(options, "/work", %{"kit" => "/work/deps/kit", "up" => "/up"})

    {Map.new(options.env), flags}
  end

  describe "prepare/3" do
    test "replace paths, those inside of others last" do
      {env, flags} = prepare()
      assert env["CARGO_PROFILE_RELEASE_STRIP"] == "symbols"
      assert env["CARGO_INCREMENTAL"] == "0"

      assert flags == [
               "--remap-path-prefix=/up=/deps/up",
               "--remap-path-prefix=/work=/my_app",
               "--remap-path-prefix=/work/target=/target",
               "--remap-path-prefix=/work/deps/kit=/deps/kit",
               "--remap-path-prefix=/home/me/.cargo=/cargo"
             ]
    end

    test "leave what the user has set" do
      {env, _flags} =
        prepare([{"CARGO_PROFILE_RELEASE_STRIP", "none"}, {"CARGO_INCREMENTAL", "1"}])

      assert env["CARGO_PROFILE_RELEASE_STRIP"] == "none"
      assert env["CARGO_INCREMENTAL"] == "1"
    end
  end
end
