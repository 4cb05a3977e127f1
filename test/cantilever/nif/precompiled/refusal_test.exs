defmodule Cantilever.Nif.Precompiled.RefusalTest do
  use Cantilever.PrecompiledCase, async: true

  describe "a project whose artifact cannot be used says so:" do
    test "a wrong checksum, whoever could build it", context do
      %{archive: archive, bytes: bytes} = PrecompiledProject.artifact(context.library)
      create(context, serve(%{archive => bytes <> "x"}))
      output = failure(context)

      assert output =~
               "Tiny has no precompiled library: #{archive} is not the file that was published"

      assert output =~ "set CANTILEVER_BUILD=1"
      refute File.exists?(Path.join(context.cache, archive))

      # Also where cargo is.
      path = System.fetch_env!("PATH")

      assert failure(context, [{"PATH", Path.join(context.project, "bin") <> ":" <> path}]) =~
               "is not replaced by a build from source unasked"

      assert NativeProject.cargo_starts(context.project) == []
    end

    test "a wrong checksum in the folder", context do
      %{archive: archive, bytes: bytes} = PrecompiledProject.artifact(context.library)
      create(context, serve(%{archive => bytes}))
      NativeProject.write(context.artifacts, archive, bytes <> "x")
      output = failure(context, [{"CANTILEVER_ARTIFACTS", context.artifacts}])

      assert output =~
               "#{context.artifacts}/#{archive}: #{archive} is not the file that was published"
    end

    test "a damaged copy in the cache and no network", context do
      %{archive: archive} = PrecompiledProject.artifact(context.library)
      create(context, "http://localhost:#{ArtifactServer.closed_port()}")
      NativeProject.write(context.cache, archive, "damaged")
      output = failure(context)

      assert output =~
               "the copy in the cache was not what was published, and another could not be had"

      assert output =~ "the connection was refused"
    end

    test "a web page, a file that is not there, a truncated one", context do
      %{archive: archive, bytes: bytes} = PrecompiledProject.artifact(context.library)

      head = ArtifactServer.head(200, [{"content-length", "#{byte_size(bytes)}"}])
      half = binary_part(bytes, 0, div(byte_size(bytes), 2))

      for {answer, text} <- [
            {{200, [], "<!DOCTYPE html><p>Sign in"},
             "answers with a web page instead of the file"},
            {{404, [], ""}, "answers 404: there is no such file"},
            {{:raw, [head, half]},
             "announced #{byte_size(bytes)} bytes and broke off: the file is truncated"}
          ] do
        port = ArtifactServer.start(fn _request -> answer end)
        create(context, "http://localhost:#{port}")
        output = failure(context)
        assert output =~ text
        assert output =~ "http://localhost:#{port}/#{archive}"

        assert output =~
                 "Nor can it be built from source. Building the crate \"tiny\" needs cargo"

        assert output =~ "set CANTILEVER_BUILD=1"
      end
    end

    test "another target, musl, a NIF version, glibc, no checksum file, a damaged one", context do
      %{archive: archive, target: target} =
        artifact = PrecompiledProject.artifact(context.library)

      checksums = PrecompiledProject.checksums(archive, artifact.bytes)
      url = serve(%{archive => artifact.bytes})
      other = String.replace(archive, "nif-2.15", "nif-2.99")

      for {opts, env, text} <- [
            {[use: ", targets: [\"a-b-c\"]"], [],
             "no artifact is published for #{target}, which this VM needs. Published are those for a-b-c"},
            {[use: ", targets: [\"x86_64-unknown-linux-gnu\"]"],
             [{"TARGET_ARCH", "x86_64"}, {"TARGET_OS", "linux"}, {"TARGET_ABI", "musl"}],
             "this VM runs on musl"},
            {[checksums: PrecompiledProject.checksums(other, "")], [],
             "are for the NIF versions 2.99, and this VM"},
            {[checksums: Map.put(checksums, "glibc:" <> archive, "2.99")], [],
             "needs glibc 2.99 or newer, and this VM runs on glibc"},
            {[checksums: %{}], [], "has no entry such as"},
            {[checksums: nil], [], "there is no checksum file"},
            {[checksums: "System.halt()"], [], "is damaged"}
          ] do
        create(context, url, opts)
        output = failure(context, env)
        assert output =~ "Tiny has no precompiled library: "
        assert output =~ text
        assert output =~ "CANTILEVER_BUILD=1"
      end

      assert asked() == []
    end

    test "a library for another system, which would not load", context do
      # Of a machine that there is no VM for.
      <<start::binary-size(18), _machine::16, rest::binary>> = File.read!(context.library)
      artifact = PrecompiledProject.pack(start <> <<0xFF, 0x00>> <> rest)

      create(context, serve(%{artifact.archive => artifact.bytes}),
        checksums: PrecompiledProject.checksums(artifact.archive, artifact.bytes)
      )

      assert failure(context) =~
               "the library in #{artifact.archive} cannot be used: it is built for machine 255"
    end

    test "a folder that is named by a relative path", context do
      create(context, "http://localhost:#{ArtifactServer.closed_port()}")

      assert failure(context, [{"CANTILEVER_ARTIFACTS", "artifacts"}]) =~
               "CANTILEVER_ARTIFACTS must be an absolute path"
    end
  end
end
