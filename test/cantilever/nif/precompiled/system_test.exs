defmodule Cantilever.Nif.Precompiled.SystemTest do
  use Cantilever.PrecompiledCase, async: true

  describe "a project finds the artifact" do
    test "of the variant that fits, and asks no more when nothing changed", context do
      artifact = PrecompiledProject.pack(File.read!(context.library), variant: "fast")
      checksums = PrecompiledProject.checksums(artifact.archive, artifact.bytes)
      assert artifact.archive =~ "--fast.so.tar.gz"

      variants =
        "%{#{inspect(artifact.target)} => [slow: fn -> false end, fast: &(&1.module == __MODULE__)]}"

      create(context, serve(%{artifact.archive => artifact.bytes}),
        checksums: checksums,
        use: ", variants: #{variants}"
      )

      assert {output, 0} = answer(context)
      assert output =~ ~r/^11$/m
      assert asked() == [artifact.archive]

      File.rm_rf!(context.cache)
      NativeProject.age(context.project)

      NativeProject.replace(
        context.project,
        "lib/tiny.ex",
        "def answer",
        "@doc false\n  def answer"
      )

      assert {output, 0} = answer(context)
      assert output =~ ~r/^11$/m
      assert asked() == []
    end

    test "of the system that a cross build is for, and does not load it", context do
      # A header alone, which no system loads.
      foreign = <<0x7F, "ELF", 2, 1, 1, 0::72, 3::little-16, 0xB7::little-16, 0::size(512)>>
      target = "aarch64-unknown-linux-gnu"
      artifact = PrecompiledProject.pack(foreign, target: target)

      create(context, serve(%{artifact.archive => artifact.bytes}),
        checksums: PrecompiledProject.checksums(artifact.archive, artifact.bytes)
      )

      env = [
        {"CANTILEVER_CACHE", context.cache},
        {"TARGET_ARCH", "aarch64"},
        {"TARGET_OS", "linux"},
        {"TARGET_ABI", "gnu"}
      ]

      assert {output, 0} =
               NativeProject.mix(
                 context.project,
                 ["compile"],
                 PrecompiledProject.without_cargo() ++ env
               )

      assert output =~ "Fetching"
      assert [library] = NativeProject.libraries(context.project)
      assert File.read!(library) == foreign
    end

    test "on a server with TLS, which has to prove who it is", context do
      %{archive: archive, bytes: bytes} = PrecompiledProject.artifact(context.library)
      {tls, cacerts} = ArtifactServer.certificate()
      port = ArtifactServer.start(ArtifactServer.files(%{archive => bytes}), tls: tls)
      create(context, "https://localhost:#{port}")
      assert failure(context) =~ "could not prove who it is"

      pem = for der <- cacerts, do: {:Certificate, der, :not_encrypted}
      NativeProject.write(context.project, "ca.pem", :public_key.pem_encode(pem))
      env = [{"SSL_CERT_FILE", Path.join(context.project, "ca.pem")}]
      assert {output, 0} = answer(context, env)
      assert output =~ ~r/^11$/m
    end
  end
end
