defmodule Cantilever.MixProject do
  use Mix.Project

  @version "0.1.0"

  def project do
    [
      app: :cantilever,
      version: @version,
      elixir: "~> 1.14",
      elixirc_paths: elixirc_paths(Mix.env()),
      start_permanent: Mix.env() == :prod,
      description: "Rust native functions that the BEAM preempts",
      xref: [exclude: only_in_mix()],
      package: package(),
      deps: deps()
    ]
  end

  def application do
    [
      extra_applications: [:crypto, :logger],
      mod: {Cantilever.Application, []}
    ]
  end

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_env), do: ["lib"]

  # Everything builds and runs without Hex; with it, the documentation can be generated and telemetry be had.
  defp deps do
    if Code.ensure_loaded?(Hex) do
      [
        {:ex_doc, "~> 0.34", only: :dev, runtime: false},
        {:telemetry, "~> 1.0", optional: true}
      ]
    else
      []
    end
  end

  # Downloads need these while a project is compiled, and start them then. Where the application runs, nothing does.
  defp only_in_mix, do: [:httpc, :inets, :public_key, :ssl]

  # Cargo wants every member of its workspace to be there, the tests' crate too.
  defp package do
    [
      licenses: ["MIT", "Apache-2.0"],
      files:
        ~w(lib native test/native guides Cargo.toml Cargo.lock mix.exs .formatter.exs README.md CHANGELOG.md
                LICENSE-MIT LICENSE-APACHE)
    ]
  end
end
