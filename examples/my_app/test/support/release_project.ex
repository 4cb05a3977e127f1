defmodule MyApp.ReleaseProject do
  @moduledoc false
  # A copy of this project that a test may change, and whose releases it builds.

  @root File.cwd!()
  @files ~w(config lib priv/static rel mix.exs) ++
           for(file <- ~w(src Cargo.toml Cargo.lock), do: "native/my_app_native/" <> file)

  @spec create(Path.t()) :: Path.t()
  def create(dir) do
    for file <- @files do
      target = Path.join(dir, file)
      File.mkdir_p!(Path.dirname(target))
      File.cp_r!(Path.join(@root, file), target)
    end

    # The page of another node may be at its own port already.
    File.write!(Path.join(dir, "config/config.exs"), "\nconfig :my_app, port: 0\n", [:append])

    kit = Path.expand("../..", @root)
    replace(dir, "mix.exs", ~s(path: "../.."), "path: #{inspect(kit)}")

    cargo = "native/my_app_native/Cargo.toml"
    replace(dir, cargo, "../../../../native", Path.join(kit, "native"))

    # Two versions of the crate are compiled in a few seconds so, from the same dependencies as for `cargo test`.
    replace(
      dir,
      "lib/my_app/native.ex",
      ~s(crate: "my_app_native"),
      ~s(crate: "my_app_native", mode: :debug)
    )

    File.write!(
      Path.join(dir, cargo),
      "\n[profile.dev.package.my_app_native]\nstrip = true\n",
      [:append]
    )

    # The kit was compiled for this project.
    built = Path.join(dir, "_build/prod/lib")
    File.mkdir_p!(built)

    {_output, 0} =
      System.cmd("cp", ["-a", Path.join(Mix.Project.build_path(), "lib/cantilever"), built])

    dir
  end

  @spec replace(Path.t(), Path.t(), String.t(), String.t()) :: :ok
  def replace(dir, path, from, to) do
    path = Path.join(dir, path)
    text = File.read!(path)
    true = String.contains?(text, from)
    File.write!(path, String.replace(text, from, to))
  end

  @doc "Builds the release, and returns what Mix printed with its exit status."
  @spec release(Path.t()) :: {String.t(), non_neg_integer()}
  def release(dir) do
    System.cmd("mix", ["release", "--overwrite"],
      cd: dir,
      stderr_to_stdout: true,
      env: [
        {"MIX_ENV", "prod"},
        {"MIX_TARGET", nil},
        {"MIX_BUILD_PATH", nil},
        {"CARGO_TARGET_DIR", target_dir()}
      ]
    )
  end

  # That in which this project itself is built, so that the crate's dependencies are compiled once.
  defp target_dir do
    System.get_env("CARGO_TARGET_DIR") || Path.join(Mix.Project.build_path(), "cantilever")
  end
end
