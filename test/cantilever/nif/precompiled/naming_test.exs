defmodule Cantilever.Nif.Precompiled.NamingTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Precompiled.Naming

  defp artifact(changes \\ []) do
    Map.merge(
      %{
        basename: "my_app",
        version: "0.1.0",
        nif_version: "2.15",
        target: "x86_64-unknown-linux-gnu",
        variant: nil
      },
      Map.new(changes)
    )
  end

  describe "library/1 and archive/1" do
    test "give the names that rustler_precompiled gives" do
      for {changes, name} <- [
            {[], "libmy_app-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu.so"},
            {[target: "aarch64-apple-darwin"],
             "libmy_app-v0.1.0-nif-2.15-aarch64-apple-darwin.so"},
            {[target: "x86_64-pc-windows-msvc"],
             "my_app-v0.1.0-nif-2.15-x86_64-pc-windows-msvc.dll"},
            {[variant: "old_glibc"],
             "libmy_app-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu--old_glibc.so"},
            {[version: "1.0.0-rc.1"],
             "libmy_app-v1.0.0-rc.1-nif-2.15-x86_64-unknown-linux-gnu.so"}
          ] do
        assert Naming.library(artifact(changes)) == name
        assert Naming.archive(artifact(changes)) == name <> ".tar.gz"
        assert Naming.library_of(name <> ".tar.gz") == name
      end
    end

    test "need no variant" do
      assert Naming.library(Map.delete(artifact(), :variant)) == Naming.library(artifact())
    end
  end

  describe "parse/1" do
    test "finds the parts again" do
      for basename <- ["my_app", "my-crate", "lib", "libfoo", "a-v1", "x"],
          version <- ["0.1.0", "10.20.30-rc.1", "1.0.0-dev+build-5"],
          nif_version <- ["2.14", "2.17"],
          target <- [
            "x86_64-unknown-linux-gnu",
            "x86_64-pc-windows-gnu",
            "aarch64-apple-darwin",
            "thumbv8m.base-none-eabi"
          ],
          variant <- [nil, "old_glibc", "legacy-cpu", "avx2"] do
        artifact =
          artifact(
            basename: basename,
            version: version,
            nif_version: nif_version,
            target: target,
            variant: variant
          )

        assert Naming.parse(Naming.archive(artifact)) == {:ok, artifact}
      end
    end

    test "refuses everything else" do
      for name <- [
            "",
            "libmy_app.so.tar.gz",
            "libmy_app-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu.so",
            "my_app-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu.so.tar.gz",
            "libmy_app-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu.dll.tar.gz",
            "libmy_app-v0.1.0-nif-2.15-x86_64-pc-windows-msvc.so.tar.gz",
            "libmy_app-v0.1-nif-2.15-x86_64-unknown-linux-gnu.so.tar.gz",
            "libmy_app-v0.1.0-nif-2-x86_64-unknown-linux-gnu.so.tar.gz",
            "lib../my_app-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu.so.tar.gz",
            "libmy_app-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu--a/../b.so.tar.gz",
            "libmy_app-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu.so.tar.gz\n",
            "lib\xFF-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu.so.tar.gz",
            "glibc:libmy_app-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu.so.tar.gz"
          ] do
        assert Naming.parse(name) == :error
      end
    end
  end

  describe "all/1" do
    test "lists targets, NIF versions and the variants of a target" do
      names =
        Naming.all(%{
          basename: "my_app",
          version: "0.1.0",
          targets: ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin"],
          nif_versions: ["2.15", "2.16"],
          variants: %{"x86_64-unknown-linux-gnu" => ["old_glibc"]}
        })

      assert length(names) == 6
      assert Enum.uniq(names) == names
      assert "libmy_app-v0.1.0-nif-2.16-x86_64-unknown-linux-gnu--old_glibc.so.tar.gz" in names
      refute "libmy_app-v0.1.0-nif-2.16-aarch64-apple-darwin--old_glibc.so.tar.gz" in names
      for name <- names, do: assert({:ok, _artifact} = Naming.parse(name))
    end
  end

  describe "url/2" do
    test "puts the name behind the path" do
      for {base, url} <- [
            {"https://example.com", "https://example.com/a.tar.gz"},
            {"https://example.com/", "https://example.com/a.tar.gz"},
            {"https://example.com:8443/v0.1.0", "https://example.com:8443/v0.1.0/a.tar.gz"},
            {"https://example.com/v0.1.0/?token=1&b=2",
             "https://example.com/v0.1.0/a.tar.gz?token=1&b=2"}
          ] do
        assert Naming.url(base, "a.tar.gz") == url
      end
    end
  end
end
