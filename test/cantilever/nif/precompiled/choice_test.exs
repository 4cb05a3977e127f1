defmodule Cantilever.Nif.Precompiled.ChoiceTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Options
  alias Cantilever.Nif.Precompiled.Choice

  @gnu "x86_64-unknown-linux-gnu"
  @musl "x86_64-unknown-linux-musl"

  defp archive(nif, target \\ @gnu, variant \\ ""),
    do: "libtiny-v0.1.0-nif-#{nif}-#{target}#{variant}.so.tar.gz"

  defp choose(checksums, system \\ %{}, opts \\ []) do
    options =
      Options.new!(
        Tiny,
        Keyword.merge(
          [otp_app: :app, crate: "tiny", base_url: "https://a.example", version: "0.1.0"],
          opts
        ),
        []
      )

    system = Map.merge(%{target: @gnu, glibc: {2, 36}, nif_version: {2, 16}}, system)
    Choice.choose(Tiny, options, system, checksums)
  end

  defp published(nifs, target \\ @gnu), do: Map.new(nifs, &{archive(&1, target), "sha256:"})

  describe "choose/4" do
    test "takes the newest NIF version that the VM can load, whatever is declared" do
      checksums = published(["2.9", "2.14", "2.15", "2.17"])
      assert {:ok, choice} = choose(checksums, %{}, nif_versions: ["2.14"])
      assert choice.archive == archive("2.15")
      assert choice.library <> ".tar.gz" == choice.archive
      assert choice.target == @gnu
      assert {:ok, %{archive: archive}} = choose(checksums, %{nif_version: {2, 17}})
      assert archive == archive("2.17")
      assert {:ok, %{archive: archive}} = choose(checksums, %{nif_version: {2, 13}})
      assert archive == archive("2.9")
    end

    test "names the library as its system does" do
      target = "x86_64-pc-windows-msvc"
      archive = "tiny-v0.1.0-nif-2.15-#{target}.dll.tar.gz"
      assert {:ok, %{archive: ^archive}} = choose(%{archive => ""}, %{target: target, glibc: nil})
    end

    test "says when only newer NIF versions are published" do
      assert {:error, message} = choose(published(["2.17", "2.18"]))

      assert message =~
               "are for the NIF versions 2.17, 2.18, and this VM (OTP #{System.otp_release()}) loads 2.16 and older. Use a newer OTP"
    end

    test "says when the target is not declared, and which are" do
      assert {:error, message} =
               choose(%{}, %{target: "mips-unknown-linux-gnu"}, targets: [@gnu, @musl])

      assert message =~
               "no artifact is published for mips-unknown-linux-gnu, which this VM needs. Published are those for #{@gnu}, #{@musl}"
    end

    test "says what musl is when there are artifacts for glibc alone" do
      assert {:error, message} =
               choose(published(["2.15"]), %{target: @musl, glibc: nil}, targets: [@gnu])

      assert message =~ "this VM runs on musl, as on Alpine, and is a #{@musl}"
      assert message =~ "Use a system with glibc, or ask for"
    end

    test "says when the checksum file lacks a target that is declared" do
      assert {:error, message} = choose(published(["2.15"], @musl))

      assert message =~
               "the checksum file has no entry such as #{archive("2.15")}, though the project declares"
    end

    test "compares glibc, where both are known" do
      checksums = fn needed ->
        Map.put(published(["2.15"]), "glibc:" <> archive("2.15"), needed)
      end

      assert {:error, message} = choose(checksums.("2.38"))

      assert message =~
               "#{archive("2.15")} needs glibc 2.38 or newer, and this VM runs on glibc 2.36"

      assert {:ok, _} = choose(checksums.("2.36"))
      assert {:ok, _} = choose(checksums.("2.9"))
      assert {:ok, _} = choose(checksums.("2.38"), %{glibc: nil})
      assert {:ok, _} = choose(published(["2.15"]))
    end

    test "takes the first variant whose function says so" do
      test = self()
      checksums = Map.merge(published(["2.15", "2.16"]), %{archive("2.15", @gnu, "--two") => ""})

      variants = [
        one: fn -> false end,
        two: fn config -> send(test, config) && true end,
        three: fn -> raise "not asked" end
      ]

      assert {:ok, %{archive: archive}} = choose(checksums, %{}, variants: %{@gnu => variants})
      assert archive == archive("2.15", @gnu, "--two")
      assert_received %{module: Tiny, otp_app: :app, crate: "tiny", version: "0.1.0"}
      assert {:ok, %{archive: archive}} = choose(checksums, %{}, variants: %{@musl => variants})
      assert archive == archive("2.16")
    end

    test "says which variant is missing" do
      assert {:error, message} =
               choose(published(["2.15"]), %{}, variants: %{@gnu => [one: fn -> true end]})

      assert message =~ "no entry such as #{archive("2.15", @gnu, "--one")}, though"
      assert message =~ "in the variant one"
    end

    test "says that a function for a variant raises, and where, but not what it was given" do
      for fails <- [fn -> raise "s3cret" end, fn config -> config.none end] do
        assert {:error, message} =
                 choose(published(["2.15"]), %{},
                   variants: %{@gnu => [one: fails]},
                   base_url: "https://user:s3cret@a.example"
                 )

        assert message =~ "the function of :one in the option :variants for #{@gnu} raised a "
        assert message =~ ~r/(KeyError|RuntimeError) in .*choice_test\.exs:\d+\. Correct it/
        refute message =~ "s3cret"
      end
    end
  end
end
