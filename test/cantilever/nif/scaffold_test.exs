defmodule Cantilever.Nif.ScaffoldTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Scaffold

  doctest Scaffold

  @facts [app: :my_app, elixir_dir: "lib", kit_dir: "deps/cantilever"]

  defp files(module, facts \\ []) do
    {:ok, scaffold} = Scaffold.new(module, Keyword.merge(@facts, facts))
    Map.new(Scaffold.files(scaffold))
  end

  describe "files/1" do
    test "has a crate, a module and a test, named after the module" do
      assert "MyApp.Images.Native" |> files() |> Map.keys() == [
               "lib/my_app/images/native.ex",
               "native/my_app_images_native/Cargo.toml",
               "native/my_app_images_native/src/lib.rs",
               "test/my_app/images/native_test.exs"
             ]
    end

    test "has the crate of the given name" do
      files = files("MyApp.Native", crate: "pixels")
      assert files["native/pixels/Cargo.toml"] =~ ~s(name = "pixels"\n)

      assert files["lib/my_app/native.ex"] =~
               ~s(use Cantilever.Nif, otp_app: :my_app, crate: "pixels"\n)

      assert files["native/pixels/src/lib.rs"] =~ ~s{cantilever::init!("Elixir.MyApp.Native");\n}
    end

    test "names the application as Elixir writes it" do
      assert files("MyApp.Native", app: :"my-app")["lib/my_app/native.ex"] =~
               ~s(otp_app: :"my-app", crate)
    end

    test "lets the crate depend on the kit where the Mix dependency is, whatever its path" do
      for {kit_dir, path} <- [
            {"deps/cantilever", ~S("../../deps/cantilever/native/cantilever")},
            {"../the kit", ~S("../../../the kit/native/cantilever")},
            {"/opt/cantilever", ~S("/opt/cantilever/native/cantilever")},
            {~S(../a "b\c), ~S("../../../a \"b\\c/native/cantilever")}
          ] do
        files = files("MyApp.Native", kit_dir: kit_dir)
        assert files["native/my_app_native/Cargo.toml"] =~ "\ncantilever = { path = #{path} }\n"
      end
    end
  end

  describe "new/2" do
    test "refuses what is no name of a module" do
      for name <- [
            "",
            "native",
            "MyApp.native",
            "MyApp.",
            ".MyApp",
            "MyApp.Native()",
            "MyApp Native",
            "Größe"
          ] do
        assert {:error, message} = Scaffold.new(name, @facts)
        assert message =~ "is no name of a module"
      end
    end

    test "refuses what cannot be the name of a crate" do
      for crate <- ["", "My", "my-app", "1st", "a/b", "../a"] do
        assert {:error, message} = Scaffold.new("MyApp.Native", [crate: crate] ++ @facts)
        assert message =~ "is no name for the crate"
      end

      for crate <- ["core", "std", "async", "cantilever"] do
        assert {:error, message} = Scaffold.new("MyApp.Native", [crate: crate] ++ @facts)
        assert message =~ "a crate cannot be named #{inspect(crate)}"
      end

      assert {:error, _message} = Scaffold.new("Core", @facts)
    end
  end

  describe "missing_ignores/1" do
    test "finds the folder in each way of writing it" do
      for line <- ["target", "target/", "/target", "/target/"], newline <- ["\n", "\r\n"] do
        assert Scaffold.missing_ignores("_build#{newline}#{line}#{newline}") == []
      end

      for text <- ["", "my_target/\n", "# target/ is kept\n"] do
        assert Scaffold.missing_ignores(text) == ["/target/"]
      end
    end
  end
end
