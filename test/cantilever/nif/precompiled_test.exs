defmodule Cantilever.Nif.PrecompiledTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.{Options, Precompiled}

  defp wanted?(opts, env \\ %{}, forcing \\ []) do
    options =
      Options.new!(
        Tiny,
        Keyword.merge([otp_app: :app, base_url: "https://a.example", version: "0.1.0"], opts),
        [],
        forcing
      )

    Precompiled.wanted?(options, &Map.get(env, &1))
  end

  describe "wanted?/2" do
    test "is for those that name a place" do
      assert wanted?([])
      refute wanted?(base_url: nil, version: nil)
    end

    test "yields to whatever forces a build from source" do
      refute wanted?(force_build: true)
      refute wanted?(version: "1.0.0-dev")
      refute wanted?(version: "1.0.0-dev.1")
      assert wanted?(version: "1.0.0-rc.1")
      refute wanted?([], %{"CANTILEVER_BUILD" => "1"})
      refute wanted?([], %{"CANTILEVER_BUILD" => "true"})
      assert wanted?([], %{"CANTILEVER_BUILD" => "0"})
    end

    test "follows rustler_precompiled's configuration, in its order" do
      refute wanted?([], %{}, force_build: true)
      assert wanted?([force_build: false], %{}, force_build: true)
      refute wanted?([force_build: false], %{}, force_build_all: true)
      assert wanted?([], %{}, force_build_all: false)
    end
  end

  describe "plan/2" do
    test "is a build from source without a place for artifacts" do
      assert Precompiled.plan(Tiny, Options.new!(Tiny, [otp_app: :app], [])) == :source
    end

    test "fails, without a checksum file, for a reason that a build may mend" do
      options =
        Options.new!(Tiny, [otp_app: :app, base_url: "https://a.example", version: "0.1.0"], [])

      assert {:error, :unavailable, message} = Precompiled.plan(Tiny, options)
      assert message =~ "There is no checksum file"
    end
  end
end
