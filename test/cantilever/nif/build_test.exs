defmodule Cantilever.Nif.BuildTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.{Build, Options}

  @moduletag :tmp_dir

  # As another module does while it builds its crate.
  defp hold_lock do
    lock = {{Build, Mix.Project.build_path()}, self()}
    true = :global.set_lock(lock, [node()])
    lock
  end

  defp clear_unused(dir) do
    build = %Build{
      options: Options.new!(My.Native, [otp_app: :cantilever, crate: "none"], []),
      location: {:cantilever, "ebin/libnone-0000000000000001"},
      file: Path.join(dir, "libnone-0000000000000001.so"),
      library: nil,
      resources: []
    }

    File.touch!(build.file)
    Task.async(fn -> Build.clear_unused(My.Native, build) end)
  end

  describe "clear_unused/2" do
    test "waits for nobody where there is nothing to remove", %{tmp_dir: dir} do
      lock = hold_lock()
      assert Task.await(clear_unused(dir)) == :ok
      :global.del_lock(lock, [node()])
    end

    test "removes an older library when the other build has ended, and lets the next one in", %{
      tmp_dir: dir
    } do
      old = Path.join(dir, "libnone-0000000000000002.so")
      File.touch!(old)
      lock = hold_lock()
      task = clear_unused(dir)
      refute Task.yield(task, 100)
      assert File.exists?(old)
      :global.del_lock(lock, [node()])
      assert Task.await(task) == :ok
      assert File.ls!(dir) == ["libnone-0000000000000001.so"]
      :global.del_lock(hold_lock(), [node()])
    end
  end
end
