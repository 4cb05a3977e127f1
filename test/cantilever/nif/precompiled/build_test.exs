defmodule Cantilever.Nif.Precompiled.BuildTest do
  use Cantilever.PrecompiledCase, async: true

  describe "a project on a machine without cargo" do
    test "fetches its artifact once, loads it, and asks for nothing when nothing changed",
         context do
      %{archive: archive, bytes: bytes} = PrecompiledProject.artifact(context.library)
      create(context, serve(%{archive => bytes}))

      assert {output, 0} = answer(context)
      assert output =~ ~r/^11$/m
      assert output =~ ~r/Fetching http\S+\/releases\/#{archive}/
      assert asked() == [archive]
      assert [library] = NativeProject.libraries(context.project)
      assert File.read!(library) == File.read!(context.library)
      assert Path.basename(library) =~ ~r/\Alibtiny-[0-9a-f]{16}\.so\z/
      assert File.ls!(context.cache) == [archive]

      # Not even the cache is needed.
      File.rm_rf!(context.cache)
      assert {"11\n", 0} = answer(context)

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

    test "takes it from the cache without a network, and again when it was removed", context do
      %{archive: archive, bytes: bytes} = PrecompiledProject.artifact(context.library)
      create(context, "http://localhost:#{ArtifactServer.closed_port()}")
      NativeProject.write(context.cache, archive, bytes)
      assert {output, 0} = answer(context)
      assert output =~ ~r/^11$/m
      refute output =~ "Fetching"

      Enum.each(NativeProject.libraries(context.project), &File.rm!/1)
      assert {output, 0} = answer(context)
      assert output =~ ~r/^11$/m
    end

    test "takes another artifact when the checksum file names one", context do
      %{archive: archive, bytes: bytes} = PrecompiledProject.artifact(context.library)
      old = File.read!(context.library) <> "old"
      %{bytes: old_bytes} = PrecompiledProject.pack(old)
      {:ok, published} = Agent.start_link(fn -> old_bytes end)
      port = ArtifactServer.start(fn _request -> {200, [], Agent.get(published, & &1)} end)

      create(context, "http://localhost:#{port}",
        checksums: PrecompiledProject.checksums(archive, old_bytes)
      )

      assert {_output, 0} = answer(context)
      assert [library] = NativeProject.libraries(context.project)
      assert File.read!(library) == old

      NativeProject.age(context.project)
      Agent.update(published, fn _ -> bytes end)

      PrecompiledProject.write_checksums(
        context.project,
        PrecompiledProject.checksums(archive, bytes)
      )

      assert {output, 0} = answer(context)
      # The copy in the cache is not what is published now.
      assert output =~
               "In the cache #{context.cache}: #{archive} is not the file that was published"

      assert [library] = NativeProject.libraries(context.project)
      assert File.read!(library) == File.read!(context.library)
    end

    test "takes what a folder holds, an archive or a library, without a network", context do
      %{archive: archive, library: name, bytes: bytes} =
        PrecompiledProject.artifact(context.library)

      nowhere = "http://localhost:#{ArtifactServer.closed_port()}"
      env = [{"CANTILEVER_ARTIFACTS", context.artifacts}]
      create(context, nowhere)
      NativeProject.write(context.artifacts, archive, bytes)
      assert {output, 0} = answer(context, env)
      assert output =~ ~r/^11$/m
      refute output =~ "Fetching"

      library = File.read!(context.library)
      File.rm!(Path.join(context.artifacts, archive))
      NativeProject.write(context.artifacts, name, library)
      File.rm_rf!(Path.join(context.project, "_build"))
      output = failure(context, env)
      assert output =~ "vouches for the archive of this library, not for the library itself"

      checksums =
        Map.merge(
          PrecompiledProject.checksums(archive, bytes),
          PrecompiledProject.checksums(name, library)
        )

      PrecompiledProject.write_checksums(context.project, checksums)
      assert {output, 0} = answer(context, env)
      assert output =~ ~r/^11$/m
    end

    test "goes to the next mirror, with functions and headers among them", context do
      %{archive: archive, bytes: bytes} = PrecompiledProject.artifact(context.library)
      nowhere = "http://localhost:#{ArtifactServer.closed_port()}"
      mirrors = [nowhere, {serve(%{}), [{"x-token", "secret"}]}, {Releases, :url}]
      create(context, mirrors)

      NativeProject.write(context.project, "lib/releases.ex", """
      defmodule Releases do
        def url(archive), do: "#{serve(%{archive => bytes})}/" <> archive
      end
      """)

      assert {output, 0} = answer(context)
      assert output =~ ~r/^11$/m
      assert asked() == [archive, archive]
    end

    test "builds two projects at once, with one cache", context do
      %{archive: archive, bytes: bytes} = PrecompiledProject.artifact(context.library)
      url = serve(%{archive => bytes})

      projects =
        for name <- ["one", "two"] do
          context = %{context | project: Path.join(context.project, name)}
          create(context, url)
          context
        end

      results = projects |> Enum.map(&Task.async(fn -> answer(&1) end)) |> Task.await_many(60_000)

      for {output, status} <- results,
          do: assert({status, output =~ ~r/^11$/m} == {0, true}, output)

      assert File.ls!(context.cache) == [archive]
    end
  end
end
