defmodule Cantilever.Nif.Precompiled.WorkflowTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Precompiled.{Config, Runner, Workflow}

  @own ".github/workflows/precompile.yml"

  defp render(changes \\ []) do
    config = %Config{
      module: MyApp.Native,
      file: "lib/my_app/native.ex",
      otp_app: :my_app,
      basename: "my_app",
      version: "0.1.0",
      targets: Config.default_targets(),
      nif_versions: ["2.15"],
      variants: %{}
    }

    Workflow.render(struct!(config, changes), %{elixir: "1.18", otp: "27"})
  end

  defp jobs(text), do: for([_, target] <- Regex.scan(~r/- target: (\S+)/, text), do: target)

  describe "render/2" do
    test "has a job for each artifact" do
      assert {:ok, text} = render()
      assert jobs(text) == Config.default_targets()

      assert {:ok, text} =
               render(
                 targets: ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin"],
                 nif_versions: ["2.15", "2.16"],
                 variants: %{"x86_64-unknown-linux-gnu" => ["old_cpu"]}
               )

      assert length(jobs(text)) == 6
      assert length(Regex.scan(~r/variant: old_cpu\n/, text)) == 2
      assert length(Regex.scan(~r/nif: "2.16"\n/, text)) == 3
    end

    test "builds, vouches and verifies with the tasks" do
      {:ok, text} = render()
      assert text =~ ~s(mix cantilever.precompile MyApp.Native --target "$TARGET")
      assert text =~ "mix cantilever.checksum MyApp.Native --from-dir artifacts"
      assert text =~ "mix cantilever.verify MyApp.Native --from-dir artifacts"
      assert text =~ ~s(elixir-version: "1.18")
      assert text =~ "elixir:1.18-otp-27-alpine"
    end

    test "lets a job write that runs nothing but the upload, as the kit's own does" do
      {:ok, text} = render()

      for text <- [text, File.read!(@own)] do
        assert [before, publish] = String.split(text, "\n  publish:\n")
        refute before =~ ~r/: write$/m
        assert publish =~ ~r/needs: (checksums|\[checksums, .*\])\n/
        assert publish =~ "contents: write"
        assert publish =~ "if: github.ref_type == 'tag'\n"

        assert for([_, action] <- Regex.scan(~r/uses: (\S+)@/, publish), do: action) ==
                 ["actions/download-artifact"]

        refute publish =~ ~r/\bmix\b/
      end
    end

    test "leaves no token behind in what is checked out, nor does the kit's own" do
      {:ok, text} = render()

      for text <- [text, File.read!(@own)] do
        [_ | checkouts] = String.split(text, "actions/checkout@v4\n")
        assert checkouts != []
        for rest <- checkouts, do: assert(rest =~ ~r/\A +with:\n +persist-credentials: false\n/)
      end
    end

    test "sets no flags for musl, which would stand above those in the project's settings" do
      {:ok, text} = render()
      assert text =~ "-alpine"
      refute text =~ "export RUSTFLAGS"
    end

    test "has only the steps that its targets need" do
      {:ok, all} = render()
      {:ok, few} = render(targets: ["x86_64-unknown-linux-gnu"])

      for step <- [
            "Install the linker for arm-unknown-linux-gnueabihf",
            "Build in a container that has musl"
          ] do
        assert all =~ step
        refute few =~ step
      end

      refute few =~ "variant's flags"
    end

    test "is in the form of YAML that GitHub takes" do
      {:ok, text} = render(variants: %{"x86_64-unknown-linux-gnu" => ["old_cpu"]})
      refute text =~ "\t"
      refute text =~ ~r/ \n/
      assert String.ends_with?(text, "--clobber\n")

      # Every line is deeper by two than one above it, or is in a text of several lines.
      for line <- String.split(text, "\n", trim: true) do
        [indentation] = Regex.run(~r/\A */, line)
        assert rem(byte_size(indentation), 2) == 0
      end

      if actionlint = System.find_executable("actionlint") do
        path = Path.join(System.tmp_dir!(), "cantilever-workflow-#{System.pid()}.yml")
        on_exit(fn -> File.rm(path) end)
        File.write!(path, text)
        assert {"", 0} = System.cmd(actionlint, ["-no-color", path], stderr_to_stdout: true)
      end
    end

    test "names the targets for which no machine is known" do
      assert {:error, message} =
               render(targets: ["x86_64-unknown-linux-gnu", "s390x-unknown-linux-gnu"])

      assert message =~
               "lib/my_app/native.ex: for s390x-unknown-linux-gnu no machine of GitHub's is known"

      for target <- Runner.targets(), do: assert(message =~ target)
    end
  end

  describe "find/1" do
    test "knows a machine for all that are declared by default" do
      assert Runner.targets() == Enum.sort(Config.default_targets())
      for target <- Runner.targets(), do: assert({:ok, %{os: _}} = Runner.find(target))
      assert Runner.find("s390x-unknown-linux-gnu") == :error
    end
  end
end
