defmodule Cantilever.Native.PartsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Native.Parts

  @moduletag timeout: 600_000

  describe "wanted!/1" do
    test "takes all parts but those that are turned off" do
      all = [:json, :sqlite, :websocket]
      for config <- [nil, true, [], [json: true]], do: assert(Parts.wanted!(config) == all)
      for none <- [false, Keyword.new(all, &{&1, false})], do: assert(Parts.wanted!(none) == [])
      assert Parts.wanted!(json: false) == [:sqlite, :websocket]
    end

    test "refuses what it does not know, and says what there is" do
      for {config, text} <- [
            {[jsn: false], "names :jsn, which is no part of the kit"},
            {[json: :no], "sets :json to :no, which is neither true nor false"},
            {[:json], "cannot be [:json]"},
            {"false", ~S(cannot be "false")}
          ] do
        error = assert_raise ArgumentError, fn -> Parts.wanted!(config) end
        assert error.message =~ text

        assert error.message =~
                 "such as [json: false] that turns parts of it off: :json, :sqlite, :websocket"
      end
    end
  end

  describe "library?/2" do
    test "is whether cargo is there, unless the configuration says it" do
      for cargo? <- [true, false] do
        assert Parts.library?(true, cargo?)
        refute Parts.library?(false, cargo?)
        assert Parts.library?(nil, cargo?) == cargo?
        assert Parts.library?([json: false], cargo?) == cargo?
      end
    end
  end

  describe "features/1" do
    test "are the default ones for all parts" do
      assert Parts.features([:json, :sqlite, :websocket]) == []
      assert Parts.features([:json]) == [default_features: false, features: ["nif", "json"]]
      assert Parts.features([]) == [default_features: false, features: ["nif"]]
    end
  end

  describe "a project that depends on the kit" do
    setup %{test: test} do
      dir = Path.join(System.tmp_dir!(), "parts-#{System.pid()}-#{:erlang.phash2(test)}")
      on_exit(fn -> File.rm_rf!(dir) end)
      {:ok, dir: project(dir)}
    end

    test "builds no part that it turns off, and is told so where it calls it", %{dir: dir} do
      configure(dir, "[json: false, sqlite: false, websocket: false]")

      assert {output, 0} =
               eval(dir, """
               IO.puts(Cantilever.Native.intensive_calculation(5))

               for call <- [
                     fn -> Cantilever.JSON.decode("1") end,
                     fn -> Cantilever.JSON.encode(1) end,
                     fn -> Cantilever.JSON.Decoder.new() end,
                     fn -> Cantilever.DatabaseWorker.start_link(path: ":memory:") end,
                     fn -> Cantilever.WebSocket.new() end
                   ] do
                 try do
                   call.()
                 rescue
                   error in RuntimeError -> IO.puts(error.message)
                 end
               end
               """)

      lines = String.split(output, "\n", trim: true)

      assert ["30", decode, encode, new, database, websocket] = Enum.take(lines, -6)

      assert database =~
               "built without sqlite, as `config :cantilever, native: [sqlite: false]` says"

      assert websocket =~
               "built without websocket, as `config :cantilever, native: [websocket: false]` says"

      for message <- [decode, encode, new] do
        assert message =~
                 "built without json, as `config :cantilever, native: [json: false]` says"

        assert message =~ "`mix deps.compile cantilever --force`"
      end
    end

    test "has no library with `native: false`, and all else", %{dir: dir} do
      configure(dir, "false")

      assert {output, 0} =
               eval(dir, """
               IO.inspect(Cantilever.DataProcessor.process_batch!([1], & &1))

               for call <- [
                     fn -> Cantilever.JSON.decode("1") end,
                     fn -> Cantilever.Native.intensive_calculation(5) end
                   ] do
                 try do
                   call.()
                 rescue
                   error in RuntimeError -> IO.puts(error.message)
                 end
               end
               """)

      assert ["[1]", decode, calculation] =
               output |> String.split("\n", trim: true) |> Enum.take(-3)

      assert decode == calculation
      assert decode =~ "Cantilever.Native has no library"
    end

    test "cannot turn off a part that there is not", %{dir: dir} do
      configure(dir, "[jsn: false]")
      assert {output, 1} = eval(dir, ":ok")

      assert output =~
               "(ArgumentError) the configuration `config :cantilever, native: …` names :jsn"
    end
  end

  describe "the crate" do
    test "needs no crate of a part that is turned off" do
      tree = fn features ->
        args = ~w(tree --offline --locked --edges normal -p cantilever_native --prefix none)
        {tree, 0} = System.cmd("cargo", args ++ features, stderr_to_stdout: true)
        tree
      end

      assert tree.([]) =~ ~r/^jiter v.*^rusqlite v.*^tungstenite v/ms
      assert tree.(~w(--no-default-features --features nif)) =~ ~r/^rustler v/m

      refute tree.(~w(--no-default-features --features nif)) =~
               ~r/^(jiter|rusqlite|simdutf8|tungstenite|zmij) v/m
    end
  end

  defp project(dir) do
    File.mkdir_p!(Path.join(dir, "config"))

    File.write!(Path.join(dir, "mix.exs"), """
    defmodule Shop.MixProject do
      use Mix.Project

      def project do
        [app: :shop, version: "0.1.0", deps: [{:cantilever, path: #{inspect(File.cwd!())}}]]
      end
    end
    """)

    dir
  end

  defp configure(dir, native) do
    File.write!(
      Path.join(dir, "config/config.exs"),
      "import Config\nconfig :cantilever, native: #{native}\n"
    )
  end

  # In a folder of its own: a build with other features, as of another test, would write its library in the place of this one before it is installed.
  defp eval(dir, expression) do
    System.cmd("mix", ["run", "-e", expression],
      cd: dir,
      stderr_to_stdout: true,
      env: [
        {"MIX_ENV", "dev"},
        {"MIX_BUILD_PATH", nil},
        {"CARGO_TARGET_DIR", Path.join(Mix.Project.build_path(), "cantilever_parts")}
      ]
    )
  end
end
