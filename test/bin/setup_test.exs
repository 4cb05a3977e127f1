defmodule Cantilever.Bin.SetupTest do
  use ExUnit.Case, async: true

  @moduletag :tmp_dir

  # A cargo without the tools that only bin/lint needs.
  setup %{tmp_dir: dir} do
    cargo = Path.join(dir, "cargo")

    File.write!(cargo, """
    #!/bin/sh
    case $1 in clippy | fmt) exit 1 ;; esac
    exec "#{System.find_executable("cargo")}" "$@"
    """)

    File.chmod!(cargo, 0o755)
    %{path: dir <> ":" <> System.fetch_env!("PATH")}
  end

  defp setup_check(path, args) do
    System.cmd(Path.expand("bin/setup"), ["--check" | args],
      env: [{"PATH", path}],
      stderr_to_stdout: true
    )
  end

  describe "bin/setup" do
    test "wants the tools of bin/lint", %{path: path} do
      assert {output, 1} = setup_check(path, [])
      assert output =~ ~r/Rust's (rustfmt|clippy) is missing, which bin\/lint needs/
    end

    test "does without them for bin/demo and bin/bench", %{path: path} do
      assert {output, 0} = setup_check(path, ["--run"])
      assert output =~ "all there"
    end

    test "says that Rust is a precondition, and how to install it", %{path: path, tmp_dir: dir} do
      assert {help, 0} = setup_check(path, ["--help"])
      assert help =~ "Rust with cargo is a precondition, which is checked but not installed"
      assert help =~ "sh.rustup.rs"

      rustc = Path.join(dir, "rustc")
      File.write!(rustc, "#!/bin/sh\necho rustc 1.50.0\n")
      File.chmod!(rustc, 0o755)
      assert {output, 1} = setup_check(path, ["--run"])
      assert output =~ "Rust 1.50.0 is too old"
      assert output =~ "rustup update stable"
      assert output =~ "sh.rustup.rs"
    end
  end
end
