defmodule Cantilever.Nif.Precompiled.KillingTest do
  use Cantilever.PrecompiledCase, async: true

  describe "a build that is killed" do
    test "in the middle of the download leaves nothing that the next one minds", context do
      %{archive: archive, bytes: bytes} = PrecompiledProject.artifact(context.library)
      test = self()
      head = ArtifactServer.head(200, [{"content-length", "#{byte_size(bytes)}"}])
      half = binary_part(bytes, 0, div(byte_size(bytes), 2))
      counter = :counters.new(1, [])

      port =
        ArtifactServer.start(fn _request ->
          :counters.add(counter, 1, 1)

          if :counters.get(counter, 1) == 1 do
            send(test, :half_sent)
            {:raw_then_wait, [head, half]}
          else
            {200, [], bytes}
          end
        end)

      create(context, "http://localhost:#{port}")
      mix = PrecompiledProject.start_compile(context.project, context.cache)
      assert_receive :half_sent, 60_000
      PrecompiledProject.kill(mix)
      assert NativeProject.libraries(context.project) == []
      refute File.exists?(Path.join(context.cache, archive))
      assert {output, 0} = answer(context)
      assert output =~ ~r/^11$/m
    end

    test "while it unpacks leaves nothing that the next one minds", context do
      # It unpacks to so much that there is time.
      large = File.read!(context.library) <> :binary.copy(<<0>>, 300_000_000)
      artifact = PrecompiledProject.pack(large)

      create(context, serve(%{artifact.archive => artifact.bytes}),
        checksums: PrecompiledProject.checksums(artifact.archive, artifact.bytes)
      )

      mix = PrecompiledProject.start_compile(context.project, context.cache)
      # It is unpacked after it was kept.
      Cantilever.Eventually.eventually(
        fn -> File.exists?(Path.join(context.cache, artifact.archive)) end,
        60_000
      )

      PrecompiledProject.kill(mix)
      assert NativeProject.libraries(context.project) == []
      assert {output, 0} = answer(context)
      assert output =~ ~r/^11$/m
      assert [_library] = NativeProject.libraries(context.project)
    end
  end
end
