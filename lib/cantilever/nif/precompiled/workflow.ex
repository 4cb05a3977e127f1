defmodule Cantilever.Nif.Precompiled.Workflow do
  @moduledoc false
  # The GitHub workflow that builds what a module declares, for each tag, and publishes it with its checksum file. Pure.

  alias Cantilever.Nif.Precompiled.Config
  alias Cantilever.Nif.Precompiled.Runner

  @type versions :: %{elixir: String.t(), otp: String.t()}

  @spec render(Config.t(), versions()) :: {:ok, String.t()} | {:error, String.t()}
  def render(config, versions) do
    case Enum.filter(config.targets, &(Runner.find(&1) == :error)) do
      [] ->
        {:ok, text(config, versions)}

      unknown ->
        {:error,
         "#{config.file}: for #{Enum.join(unknown, ", ")} no machine of GitHub's is known. Declare only targets among " <>
           "#{Enum.join(Runner.targets(), ", ")}, pass them as --targets, and add the others to the workflow by hand"}
    end
  end

  defp text(config, versions) do
    module = inspect(config.module)

    """
    # Builds the precompiled artifacts of #{module} when a version is tagged, and publishes them as a release.
    # Before the package is published, its checksum file has to be downloaded from that release and put into its root.
    name: Precompile

    on:
      push:
        tags: ["v*"]
      # To try it: everything but the release.
      workflow_dispatch:

    permissions:
      contents: read

    jobs:
      build:
        name: ${{ matrix.target }}, NIF ${{ matrix.nif }} ${{ matrix.variant }}
        runs-on: ${{ matrix.os }}
        timeout-minutes: 60
        strategy:
          fail-fast: false
          matrix:
            include:
    #{indent(entries(config), 10)}
        env:
          MIX_ENV: prod
          TARGET: ${{ matrix.target }}
          NIF: ${{ matrix.nif }}
          VARIANT: ${{ matrix.variant }}
        steps:
          - uses: actions/checkout@v4
            with:
              persist-credentials: false
          - uses: erlef/setup-beam@v1
            if: ${{ !matrix.container }}
            with:
              elixir-version: "#{versions.elixir}"
              otp-version: "#{versions.otp}"
          - uses: dtolnay/rust-toolchain@stable
            if: ${{ !matrix.container }}
            with:
              targets: ${{ matrix.target }}
    #{indent(linker(config), 6)}      - name: Build
            if: ${{ !matrix.container }}
            shell: bash
            run: |
              mix deps.get
              mix cantilever.precompile #{module} --target "$TARGET" --nif-version "$NIF" ${VARIANT:+--variant "$VARIANT"}
    #{indent(container(config, versions), 6)}      - uses: actions/upload-artifact@v4
            with:
              name: ${{ matrix.target }}-${{ matrix.nif }}-${{ matrix.variant || 'plain' }}
              path: artifacts/*.tar.gz
              if-no-files-found: error

      checksums:
        needs: build
        runs-on: ubuntu-latest
        timeout-minutes: 30
        steps:
          - uses: actions/checkout@v4
            with:
              persist-credentials: false
          - uses: erlef/setup-beam@v1
            with:
              elixir-version: "#{versions.elixir}"
              otp-version: "#{versions.otp}"
          - uses: dtolnay/rust-toolchain@stable
          - uses: actions/download-artifact@v4
            with:
              path: artifacts
              merge-multiple: true
          - name: Write the checksum file, and check that nothing is missing
            run: |
              mix deps.get
              mix cantilever.checksum #{module} --from-dir artifacts
              mix cantilever.verify #{module} --from-dir artifacts
          - uses: actions/upload-artifact@v4
            with:
              name: checksums
              path: checksum-*.exs

      # The only one that may write, and so it runs nothing of the project's or of anybody else's.
      publish:
        needs: checksums
        if: github.ref_type == 'tag'
        runs-on: ubuntu-latest
        timeout-minutes: 10
        permissions:
          contents: write
        steps:
          - uses: actions/download-artifact@v4
            with:
              path: artifacts
              merge-multiple: true
          - name: Publish
            env:
              GH_REPO: ${{ github.repository }}
              GH_TOKEN: ${{ github.token }}
            run: |
              gh release view "$GITHUB_REF_NAME" || gh release create "$GITHUB_REF_NAME" --verify-tag --generate-notes
              gh release upload "$GITHUB_REF_NAME" artifacts/*.tar.gz artifacts/checksum-*.exs --clobber
    """
  end

  defp entries(config) do
    for target <- config.targets,
        nif_version <- config.nif_versions,
        variant <- [nil | Map.get(config.variants, target, [])],
        into: "" do
      {:ok, runner} = Runner.find(target)

      keys =
        [target: target, os: runner.os, nif: inspect(nif_version)] ++
          if(runner.container?, do: [container: "true"], else: []) ++
          if(variant,
            do: [variant: variant, rustflags: ~s("" # what makes it this variant)],
            else: []
          )

      "- " <> Enum.map_join(keys, "\n  ", fn {key, value} -> "#{key}: #{value}" end) <> "\n"
    end
  end

  # What stands in one project's workflow only if it has such targets.
  defp linker(config) do
    packages =
      for target <- config.targets,
          {:ok, %{package: {package, linker}}} <- [Runner.find(target)] do
        variable = "CARGO_TARGET_#{target |> String.replace("-", "_") |> String.upcase()}_LINKER"

        """
        - name: Install the linker for #{target}
          if: matrix.target == '#{target}'
          run: |
            sudo apt-get update
            sudo apt-get install --yes #{package}
            echo "#{variable}=#{linker}" >> "$GITHUB_ENV"
        """
      end

    Enum.join(packages ++ flags(config))
  end

  defp flags(config) do
    if Enum.any?(config.targets, &(Map.get(config.variants, &1, []) != [])) do
      [
        """
        - name: Set the variant's flags
          if: ${{ matrix.rustflags }}
          shell: bash
          env:
            FLAGS: ${{ matrix.rustflags }}
          run: echo "RUSTFLAGS=$FLAGS" >> "$GITHUB_ENV"
        """
      ]
    else
      []
    end
  end

  defp container(config, versions) do
    if Enum.any?(config.targets, &match?({:ok, %{container?: true}}, Runner.find(&1))) do
      """
      - name: Build in a container that has musl
        if: ${{ matrix.container }}
        run: |
          cat > "$RUNNER_TEMP/build.sh" <<'END'
          apk add --no-cache build-base curl git
          curl --proto '=https' --tlsv1.2 --silent --show-error --fail https://sh.rustup.rs | sh -s -- -y --profile minimal
          . "$HOME/.cargo/env"
          mix local.hex --force
          mix deps.get
          mix cantilever.precompile #{inspect(config.module)} --target "$TARGET" --nif-version "$NIF" ${VARIANT:+--variant "$VARIANT"}
          END
          docker run --rm --volume "$PWD:/work" --volume "$RUNNER_TEMP/build.sh:/build.sh" --workdir /work \\
            --env MIX_ENV --env TARGET --env NIF --env VARIANT --env RUSTFLAGS \\
            elixir:#{versions.elixir}-otp-#{versions.otp}-alpine sh -eu /build.sh
      """
    else
      ""
    end
  end

  defp indent(text, width) do
    text
    |> String.split("\n", trim: true)
    |> Enum.map_join(&(String.duplicate(" ", width) <> &1 <> "\n"))
    |> then(&if(width == 10, do: String.trim_trailing(&1), else: &1))
  end
end
