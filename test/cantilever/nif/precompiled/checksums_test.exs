defmodule Cantilever.Nif.Precompiled.ChecksumsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Damage
  alias Cantilever.Nif.Precompiled.Checksums

  @archive "libmy_app-v0.1.0-nif-2.15-x86_64-unknown-linux-gnu.so.tar.gz"
  @digest "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

  setup %{test: test} do
    dir =
      Path.join(System.tmp_dir!(), "cantilever checksums #{System.pid()} #{:erlang.phash2(test)}")

    File.mkdir_p!(dir)
    on_exit(fn -> File.rm_rf!(dir) end)
    %{dir: dir}
  end

  describe "render/1" do
    test "writes what rustler_precompiled writes, which Elixir reads" do
      checksums = %{"b.tar.gz" => "sha256:02", "a.tar.gz" => "sha256:01"}

      assert Checksums.render(checksums) == """
             %{
               "a.tar.gz" => "sha256:01",
               "b.tar.gz" => "sha256:02",
             }
             """

      assert {^checksums, _binding} = Code.eval_string(Checksums.render(checksums))
      assert Checksums.render(%{}) == "%{\n}\n"
    end
  end

  describe "parse/1" do
    test "reads what was rendered" do
      for count <- [0, 1, 40] do
        checksums =
          for n <- 1..count//1, into: %{}, do: {"file#{n}.tar.gz", Checksums.digest("#{n}")}

        assert Checksums.parse(Checksums.render(checksums)) == {:ok, checksums}
      end
    end

    test "reads what a formatter or a person makes of it" do
      for text <- [
            ~s(%{"a" => "1", "b" => "2"}),
            ~s(\n# comment "x"\n%{\r\n\t"a" =>\n    "1", # and "more"\n"b"=>"2",}\n\n# end),
            ~s(%{"b" => "2","a" => "1"} #)
          ] do
        assert Checksums.parse(text) == {:ok, %{"a" => "1", "b" => "2"}}
      end
    end

    test "names the line of everything else" do
      for {text, problem} <- [
            {"", ~s(line 1 ends where "%{" was expected)},
            {"%{\n", "line 2 ends where a string was expected"},
            {"System.halt()", ~s(line 1 has "System.halt\(\)" where "%{" was expected)},
            {"%{\n  a: \"1\"\n}", ~s(line 2 has "a: \\"1\\"\\n}" where a string was expected)},
            {"%{\n\"a\" => System.halt()\n}", "line 2 has \"System.halt()\\n}\" where a string"},
            {"%{\n\"a\" => \"\#{System.halt()}\"}", "line 2 has an interpolation"},
            {"%{\"\#{1}\" => \"1\"}", "line 1 has an interpolation"},
            {~S(%{"a\"" => "1"}), "where a plain string was expected"},
            {~s(%{"a\nb" => "1"}), "line 1 has \"\\nb"},
            {~s(%{"ä" => "1"}), "where a plain string was expected"},
            {~s(%{"a" => "1" "b" => "2"}), ~s(where "," or "}" was expected)},
            {~s(%{"a" => "1",, "b" => "2"}), "where a string was expected"},
            {~s(%{"a" => "1"}\n\n.foo), ~s(line 3 has ".foo" where the end was expected)},
            {~s(%{"a" => "1",\n"a" => "1"}), ~s(line 2 has "a" a second time)},
            {~s(%{"a" => "1), "ends where a plain string was expected"},
            {"<!DOCTYPE html>", "line 1 has \"<!DOCTYPE html>\""},
            {String.duplicate(" ", 2_000_000), "it has 2000000 bytes"}
          ] do
        assert {:error, message} = Checksums.parse(text)
        assert message =~ problem
      end
    end

    test "runs nothing, makes no atoms and never raises, whatever is in it" do
      text = Checksums.render(%{@archive => @digest, ("glibc:" <> @archive) => "2.17"})
      _ = Checksums.parse("%{")
      atoms = :erlang.system_info(:atom_count)

      for damaged <- Damage.truncations(text), damaged != String.trim_trailing(text, "\n") do
        assert {:error, _} = Checksums.parse(damaged)
      end

      for damaged <- Damage.variants(text, 3_000) do
        case Checksums.parse(damaged) do
          {:ok, map} -> for {key, value} <- map, do: assert(is_binary(key) and is_binary(value))
          {:error, message} -> assert message =~ "line "
        end
      end

      assert {:error, _} =
               Checksums.parse("%{no_such_atom_before_#{System.unique_integer([:positive])}: 1}")

      # Other tests run at the same time, and make a few.
      assert :erlang.system_info(:atom_count) - atoms < 1_000
    end
  end

  describe "read/2 and write!/3" do
    test "go through the file in the project's root", %{dir: dir} do
      assert Checksums.path(My.Native, dir) == Path.join(dir, "checksum-Elixir.My.Native.exs")
      path = Checksums.write!(%{@archive => @digest}, My.Native, dir)
      assert path == Checksums.path(My.Native, dir)
      assert Checksums.read(My.Native, dir) == {:ok, %{@archive => @digest}}
      assert File.ls!(dir) == [Path.basename(path)]
    end

    test "leave the old file where the new one cannot be written", %{dir: dir} do
      assert_raise File.Error, fn ->
        Checksums.write!(%{}, My.Native, Path.join(dir, "missing"))
      end

      assert File.ls!(dir) == []
    end

    test "say what is wrong with the file, and what to do", %{dir: dir} do
      assert {:error, message} = Checksums.read(My.Native, dir)
      assert message =~ "There is no checksum file #{dir}/checksum-Elixir.My.Native.exs"
      assert message =~ "mix cantilever.checksum My.Native"

      File.write!(Checksums.path(My.Native, dir), "%{\n<<<<<<< HEAD\n")
      assert {:error, message} = Checksums.read(My.Native, dir)
      assert message =~ "is damaged: line 2 has \"<<<<<<< HEAD\\n\""
      assert message =~ "mix cantilever.checksum My.Native"

      File.rm!(Checksums.path(My.Native, dir))
      File.mkdir!(Checksums.path(My.Native, dir))
      assert {:error, message} = Checksums.read(My.Native, dir)
      assert message =~ "cannot be read"
    end
  end

  describe "verify/3" do
    test "accepts the bytes that the file vouches for" do
      assert Checksums.digest("abc") == @digest
      assert Checksums.verify(%{@archive => @digest}, @archive, "abc") == :ok
      hex = @digest |> String.replace_prefix("sha256:", "") |> String.upcase()
      assert Checksums.verify(%{@archive => "sha256:" <> hex}, @archive, "abc") == :ok
    end

    test "refuses all others, and says why" do
      for {checksums, problem} <- [
            {%{@archive => Checksums.digest("abd")},
             "is not the file that was published: its digest is #{@digest}"},
            {%{}, "has no entry for #{@archive}"},
            {%{@archive => "md5:900150983cd24fb0d6963f7d28e17f72"}, ~s(is "md5:9001)},
            {%{@archive => "sha256:"}, "only sha256: with 64 digits is known"},
            {%{@archive => ""}, "only sha256: with 64 digits is known"},
            {%{@archive => "sha256:" <> String.duplicate("z", 64)},
             "is not the file that was published"}
          ] do
        assert {:error, message} = Checksums.verify(checksums, @archive, "abc")
        assert message =~ problem
      end
    end
  end

  describe "glibc/2" do
    test "is what entries/3 has written" do
      checksums = Checksums.entries(@archive, "abc", {2, 17})
      assert checksums == %{@archive => @digest, ("glibc:" <> @archive) => "2.17"}
      assert Checksums.glibc(checksums, @archive) == {2, 17}
      assert Checksums.entries(@archive, "abc", nil) == %{@archive => @digest}
    end

    test "is unknown where nothing sensible is said" do
      for text <- [nil, "", "2", "2.x", "2.17.1", " 2.17", "2.9999"] do
        assert Checksums.glibc(%{("glibc:" <> @archive) => text}, @archive) == nil
      end

      assert Checksums.glibc(%{}, @archive) == nil
    end
  end

  describe "nif_versions/4" do
    test "are those that were published for the target, in their order" do
      checksums =
        for {nif, target} <- [
              {"2.15", "x86_64-unknown-linux-gnu"},
              {"2.9", "x86_64-unknown-linux-gnu"},
              {"2.17", "x86_64-unknown-linux-gnu"},
              {"2.16", "x86_64-unknown-linux-gnu--variant"},
              {"2.14", "aarch64-apple-darwin"}
            ],
            into: %{"other" => "x", ("glibc:" <> @archive) => "2.17"},
            do: {"libmy_app-v0.1.0-nif-#{nif}-#{target}.so.tar.gz", @digest}

      target = "x86_64-unknown-linux-gnu"

      assert Checksums.nif_versions(checksums, "my_app", "0.1.0", target) == [
               "2.9",
               "2.15",
               "2.17"
             ]

      assert Checksums.nif_versions(checksums, "my_app", "0.1.0", "aarch64-apple-darwin") == [
               "2.14"
             ]

      assert Checksums.nif_versions(checksums, "my_app", "0.2.0", target) == []
      assert Checksums.nif_versions(checksums, "other", "0.1.0", target) == []
    end
  end
end
