defmodule MyApp.MixProject do
  use Mix.Project

  def project do
    [
      app: :my_app,
      version: "0.1.0",
      elixir: "~> 1.14",
      elixirc_paths: elixirc_paths(Mix.env()),
      start_permanent: Mix.env() == :prod,
      xref: [exclude: [:release_handler, :systools]],
      releases: releases(),
      deps: [{:cantilever, path: "../.."}]
    ]
  end

  def application do
    [
      extra_applications: [:crypto, :logger],
      mod: {MyApp.Application, []}
    ]
  end

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_env), do: ["lib"]

  # Of sasl comes the release handler, which upgrades a running node. Nothing else needs it.
  defp releases do
    [
      my_app: [
        applications: [sasl: :permanent],
        include_executables_for: [:unix],
        steps: [:assemble, &MyApp.Relup.add/1, :tar]
      ]
    ]
  end
end
