defmodule Cantilever.Nif.LoaderTest do
  use ExUnit.Case, async: true

  import ExUnit.CaptureLog

  alias Cantilever.Nif.Loader

  defp failure(path, error) do
    parent = self()
    ref = make_ref()

    log =
      capture_log(fn ->
        send(parent, {ref, Loader.finish(My.Native, to_charlist(path), {:error, error})})
      end)

    assert_received {^ref, {:error, message}}
    assert log =~ message
    message
  end

  describe "prepare/4" do
    test "tells the VM to a library of the kit and nothing to another" do
      path = :cantilever |> Application.app_dir("ebin/libx") |> to_charlist()
      assert {:ok, ^path, 7} = Loader.prepare(My.Native, {:cantilever, "ebin/libx"}, false, 7)

      assert {:ok, ^path, {:"$cantilever", info, 7}} =
               Loader.prepare(My.Native, {:cantilever, "ebin/libx"}, true, 7)

      assert info == %{
               schedulers_online: System.schedulers_online(),
               dirty_cpu_schedulers_online: :erlang.system_info(:dirty_cpu_schedulers_online),
               dirty_io_schedulers: :erlang.system_info(:dirty_io_schedulers),
               log_level: :logger.get_primary_config().level,
               builds: true
             }
    end

    test "asks a library that was not there before, and passes plain data when it still is not" do
      assert {:ok, _path, 7} = Loader.prepare(My.Native, {:cantilever, "ebin/libx"}, nil, 7)
    end

    @tag :tmp_dir
    test "recognises a library that was not there before as the kit's", %{tmp_dir: dir} do
      up = Enum.map(Path.split(:code.lib_dir(:cantilever)), fn _folder -> ".." end)
      base = Path.join(up ++ [dir, "libx"])
      File.write!(Path.join(dir, "libx" <> Loader.extension()), "\0cantilever.init=1\n")

      assert {:ok, _path, {:"$cantilever", _info, 7}} =
               Loader.prepare(My.Native, {:cantilever, base}, nil, 7)
    end

    test "explains an application that is not there" do
      assert capture_log(fn ->
               assert {:error, message} =
                        Loader.prepare(My.Native, {:no_such_app, "ebin/libx"}, true, 0)

               assert message =~
                        "application :no_such_app: the application is not in the code path"
             end) =~ "could not be loaded"
    end
  end

  describe "finish/3" do
    test "passes success on" do
      assert Loader.finish(My.Native, ~c"x", :ok) == :ok
    end

    test "takes the library's own words from the mailbox" do
      send(self(), {:"$cantilever_load_error", "threads must be positive, got 0."})
      message = failure("/x", {:load, ~c"Library load-call unsuccessful (1)."})

      assert message =~
               ~r"of My.Native could not be loaded from /x\.(so|dll): threads must be positive, got 0\.$"

      refute_received {:"$cantilever_load_error", _}
    end

    test "says what to do about each kind of failure" do
      assert failure("/no/such", {:load_failed, ~c"text"}) =~ "there is no such file"
      assert failure("/x", {:upgrade, ~c"text"}) =~ "an older version is in use"

      assert failure("/x", {:load, ~c"text."}) =~
               "its load function refused (text). Look at the options :load_data"

      assert failure("/x", {:bad_lib, ~c"Function not found."}) =~
               "belong to this module (Function not found)"

      assert failure("/x", {:old_code, ~c"text"}) =~ "old_code: text"
    end

    test "recognises an archive" do
      # The path leads through a file, as that of an application in an escript does.
      assert failure(Path.join(__ENV__.file, "ebin/libx"), {:load_failed, ~c"text"}) =~
               "inside an archive"
    end

    test "leaves the message to the compiler that expects it, and logs nothing" do
      Loader.expect_failure(Expecting)

      refute capture_log(fn ->
               assert {:error, message} =
                        Loader.finish(Expecting, ~c"x", {:error, {:load, ~c"text"}})

               assert Loader.take_failure(Expecting) == message
             end) =~ "Expecting"

      assert Loader.take_failure(Expecting) == nil
    end
  end
end
