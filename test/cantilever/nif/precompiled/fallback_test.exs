defmodule Cantilever.Nif.Precompiled.FallbackTest do
  use Cantilever.PrecompiledCase, async: true

  describe "a project on a machine with cargo" do
    setup context do
      path = Path.join(context.project, "bin") <> ":" <> System.fetch_env!("PATH")
      %{with_cargo: [{"PATH", path}]}
    end

    test "builds from source when an artifact cannot be had, says why, and not twice", context do
      create(context, "http://localhost:#{ArtifactServer.closed_port()}")
      assert {output, 0} = answer(context, context.with_cargo)
      assert output =~ ~r/^11$/m

      assert output =~
               ~r/Tiny is built from source, because http\S+ was not reached: the connection was refused/

      assert length(NativeProject.cargo_starts(context.project)) == 1

      NativeProject.age(context.project)

      NativeProject.replace(
        context.project,
        "lib/tiny.ex",
        "def answer",
        "@doc false\n  def answer"
      )

      assert {output, 0} = answer(context, context.with_cargo)
      refute output =~ "built from source"
      assert length(NativeProject.cargo_starts(context.project)) == 1
    end

    test "builds from source when it is told to, also for a target without artifacts", context do
      url = serve(%{})

      for {opts, env} <- [
            {[], [{"CANTILEVER_BUILD", "1"}]},
            {[], [{"RUSTLER_PRECOMPILED_FORCE_BUILD_ALL", "true"}]},
            {[use: ", force_build: true, targets: [\"a-b-c\"]"], []},
            {[config: "config :rustler_precompiled, :force_build, my_app: true"], []},
            {[config: "config :rustler_precompiled, force_build_all: true"], []}
          ] do
        File.rm_rf!(context.project)
        create(context, url, opts)
        assert {output, 0} = answer(context, context.with_cargo ++ env)
        assert output =~ ~r/^11$/m
        refute output =~ "because"
        assert length(NativeProject.cargo_starts(context.project)) == 1
      end

      assert asked() == []
    end

    test "builds nothing for the wrong system in place of an artifact for another one", context do
      create(context, "http://localhost:#{ArtifactServer.closed_port()}")
      cross = [{"TARGET_ARCH", "riscv64"}, {"TARGET_OS", "linux"}, {"TARGET_ABI", "gnu"}]

      # Also for a target of which nothing is declared.
      for arch <- ["riscv64", "m68k"] do
        output = failure(context, context.with_cargo ++ [{"TARGET_ARCH", arch} | tl(cross)])
        assert output =~ "Set the option :target, or CARGO_BUILD_TARGET"
        assert NativeProject.cargo_starts(context.project) == []
      end
    end
  end
end
