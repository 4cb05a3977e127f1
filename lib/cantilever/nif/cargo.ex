defmodule Cantilever.Nif.Cargo do
  @moduledoc false
  # Runs cargo for one crate. Its stderr is the user's terminal, so progress and errors look as cargo users
  # know them; its stdout, in which cargo reports what it built, is read here.

  alias Cantilever.Nif.Options
  alias Cantilever.Nif.Precompiled.Target
  alias Cantilever.Nif.Rustflags

  # Without it cargo writes the dynamic libraries of one crate with different features to one file, and then
  # takes whichever was built last for both. (Cargo knows it for the sake of Rust's own build.)
  @apart {"__CARGO_DEFAULT_LIB_METADATA", "cantilever"}

  # `flags` are for the compiler, beside the user's.
  @spec build(Options.t(), [String.t()]) :: {:ok, Path.t()} | {:error, String.t()}
  def build(%Options{} = options, flags \\ []) do
    with :ok <- check_crate(options),
         {:ok, command, leading} <- command(options) do
      Mix.shell().info("Compiling crate #{options.crate} (#{options.mode}, #{options.path})")
      {options, more} = Rustflags.add(options, flags ++ linking(options))
      args = leading ++ arguments(options, target_dir(options)) ++ more

      case System.cmd(command, args, cd: options.path, env: [@apart | options.env]) do
        {report, 0} -> artifact(report, options)
        {_report, status} -> {:error, failure(options, status)}
      end
    end
  end

  # Nil where cargo's environment names another one than the default.
  @spec target_dir(Options.t()) :: Path.t() | nil
  def target_dir(options) do
    # Beneath the build path nothing leaks from one environment or MIX_TARGET into another, the children of an
    # umbrella share their dependencies, and cargo's own lock keeps concurrent builds apart.
    if variable(options, "CARGO_TARGET_DIR") || variable(options, "CARGO_BUILD_TARGET_DIR"),
      do: nil,
      else: Path.join(Mix.Project.build_path(), "cantilever")
  end

  # Whether a build can be tried: the crate and cargo are there.
  @spec available(Options.t()) :: :ok | {:error, String.t()}
  def available(%Options{} = options) do
    with :ok <- check_crate(options),
         {:ok, _command, _leading} <- command(options),
         do: :ok
  end

  @spec home(Options.t()) :: Path.t()
  def home(%Options{} = options), do: variable(options, "CARGO_HOME") || Path.expand("~/.cargo")

  @spec arguments(Options.t(), Path.t() | nil) :: [String.t()]
  def arguments(%Options{} = options, target_dir) do
    ["build", "--lib", "--message-format=json-render-diagnostics", "--package", options.crate] ++
      if(options.mode == :release, do: ["--release"], else: []) ++
      if(target_dir, do: ["--target-dir", target_dir], else: []) ++
      if(options.default_features, do: [], else: ["--no-default-features"]) ++
      if(options.features == [], do: [], else: ["--features", Enum.join(options.features, ",")]) ++
      if(options.target, do: ["--target", options.target], else: [])
  end

  # Flags without which there would be no dynamic library: for musl, Rust links everything into one program, unless told
  # that the library is to be loaded by one. `host` is asked for the target that cargo builds for by default.
  @spec linking(Options.t(), (() -> String.t())) :: [String.t()]
  def linking(options, host \\ &host/0) do
    target = options.target || variable(options, "CARGO_BUILD_TARGET") || host.()
    if target =~ "musl", do: ["-Ctarget-feature=-crt-static"], else: []
  end

  # Cargo knows nothing of variables that ask for another system's artifact.
  defp host do
    {:ok, %{target: target}} = Target.detect(%{Target.facts() | env: %{}})
    target
  end

  # The dynamic library in cargo's report: dependencies are reported before what needs them, so the last
  # artifact is the crate's own. This way cargo, not a guess, says where `[lib] name`, profiles and cargo's
  # own configuration put the file. Only two fields of its JSON matter, so no JSON parser is needed.
  @spec reported_library(String.t()) :: Path.t() | nil
  def reported_library(report) do
    last =
      report
      |> String.split("\n")
      |> Enum.filter(&String.starts_with?(&1, ~s({"reason":"compiler-artifact")))
      |> List.last("")

    with [_, types] <- Regex.run(~r/"crate_types":\[([^\]]*)\]/, last),
         true <- types =~ ~s("cdylib"),
         [_, names] <- Regex.run(~r/"filenames":\[((?:"(?:[^"\\]|\\.)*",?)*)\]/, last) do
      ~r/"((?:[^"\\]|\\.)*)"/
      |> Regex.scan(names, capture: :all_but_first)
      |> Enum.map(fn [name] -> String.replace(name, ~r{\\(["\\/])}, "\\1") end)
      |> Enum.find(&(Path.extname(&1) in [".so", ".dylib", ".dll"]))
    else
      _other -> nil
    end
  end

  defp artifact(report, options) do
    case reported_library(report) do
      nil ->
        {:error,
         "The crate #{inspect(options.crate)} is no dynamic library, so the VM cannot load it. Add these lines to " <>
           ~s(#{Path.join(options.path, "Cargo.toml")}:\n\n    [lib]\n    crate-type = ["cdylib"]\n)}

      library ->
        {:ok, library}
    end
  end

  defp failure(options, status) do
    "Cargo could not build the crate #{inspect(options.crate)} in #{options.path} (exit status #{status}). " <>
      "Its messages stand above."
  end

  defp check_crate(options) do
    cond do
      not File.dir?(options.path) ->
        {:error,
         "The directory #{options.path} of the crate #{inspect(options.crate)} does not exist in #{File.cwd!()}. " <>
           "Create the crate with `cargo new --lib #{options.path}`, or point the options :crate and :path " <>
           "to where it is."}

      not File.regular?(Path.join(options.path, "Cargo.toml")) ->
        {:error,
         "The directory #{options.path} of the crate #{inspect(options.crate)} has no Cargo.toml. " <>
           "Create it with `cargo init --lib #{options.path}`, or point the options :crate and :path to the crate."}

      true ->
        :ok
    end
  end

  defp command(%{cargo: {:rustup, version}} = options) do
    with {:ok, rustup} <- find("rustup", options),
         do: {:ok, rustup, ["run", to_string(version), "cargo"]}
  end

  defp command(%{cargo: {:bin, path}} = options) do
    # A path is the project's, though cargo starts in the crate's directory.
    name = if Path.basename(path) == path, do: path, else: Path.expand(path)
    with {:ok, cargo} <- find(name, options), do: {:ok, cargo, []}
  end

  defp command(%{cargo: {:system, channel}} = options) do
    with {:ok, cargo} <- find("cargo", options), do: {:ok, cargo, [channel]}
  end

  defp command(options) do
    with {:ok, cargo} <- find("cargo", options), do: {:ok, cargo, []}
  end

  defp find(name, options) do
    case System.find_executable(name) do
      nil ->
        {:error,
         "Building the crate #{inspect(options.crate)} needs #{name}, which was not found " <>
           "#{if Path.basename(name) == name, do: "in PATH", else: "or is not executable"}. " <>
           "Install Rust with rustup (https://rustup.rs) or your system's packages and see that a new shell " <>
           "finds `cargo --version`; or set the option :cargo; or use a library built elsewhere " <>
           "with the options :load_from and :skip_compilation?."}

      path ->
        {:ok, path}
    end
  end

  # As cargo will see it.
  @spec variable(Options.t(), String.t()) :: String.t() | nil
  def variable(%Options{} = options, name) do
    case List.keyfind(options.env, name, 0) do
      {^name, value} -> value
      nil -> System.get_env(name)
    end
  end
end
