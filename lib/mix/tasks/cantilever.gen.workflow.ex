defmodule Mix.Tasks.Cantilever.Gen.Workflow do
  @shortdoc "Writes a GitHub workflow that precompiles a module's artifacts"

  @moduledoc """
  Writes a GitHub workflow that builds the precompiled artifacts of a module.

      $ mix cantilever.gen.workflow MyApp.Native

  `.github/workflows/precompile.yml` then builds, for each tag such as `v0.1.0`, every artifact that the module declares
  (`mix cantilever.precompile`), writes the checksum file (`mix cantilever.checksum`), and publishes all of it as a
  release of that tag. So the module's `:base_url` is `https://github.com/ME/MY_APP/releases/download/v<version>`, and
  what is left to do is to put the checksum file of the release into the package before that is published. The
  documentation of `mix cantilever.verify` has aliases that keep Hex from publishing without it.

  Targets are built on GitHub's machines: those for glibc on Ubuntu 22.04, so that they load with glibc 2.35 and later,
  those for musl in a container. A target that needs another machine is not written, but named.

  It asks before it overwrites a file.

  ## Options

    * `--force` - overwrite without asking
    * `--dry-run` - print the workflow instead of writing it
    * `--elixir V`, `--otp V` - the versions to build with. Default: those that run this
  #{Cantilever.Nif.Precompiled.CommandLine.docs()}
  ## Exit status

    * 0 - the workflow is written, or was left as it was
    * 1 - it is not: the reason is printed
  """

  use Mix.Task

  alias Cantilever.Nif.Precompiled.CommandLine
  alias Cantilever.Nif.Precompiled.Config
  alias Cantilever.Nif.Precompiled.Workflow

  @switches [force: :boolean, dry_run: :boolean, elixir: :string, otp: :string]
  @path ".github/workflows/precompile.yml"

  @impl Mix.Task
  def run(argv) do
    with {:ok, %{module: module, flags: flags, options: options}} <-
           CommandLine.parse(argv, @switches),
         {:ok, config} <- Config.from_source(module, File.cwd!(), flags),
         {:ok, text} <- Workflow.render(config, versions(options)) do
      if options[:dry_run] do
        Mix.shell().info(text)
      else
        _written? = Mix.Generator.create_file(@path, text, force: options[:force] || false)
        :ok
      end
    else
      {:error, message} -> CommandLine.fail("cantilever.gen.workflow", [message])
    end
  end

  defp versions(options) do
    [major, minor | _] = String.split(System.version(), ".")

    %{
      elixir: options[:elixir] || "#{major}.#{minor}",
      otp: options[:otp] || System.otp_release()
    }
  end
end
