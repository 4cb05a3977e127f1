defmodule Cantilever.Nif.Upgrade.Options do
  @moduledoc false
  # The options of `Cantilever.Nif.upgrade/2`, whose documentation lists them.

  alias Cantilever.Nif.Build

  @default_timeout_ms 30_000
  @default_max_builds 100
  @known [:compile, :library, :max_builds, :timeout]

  @spec validate!(keyword()) :: keyword()
  def validate!(opts) do
    Keyword.keyword?(opts) ||
      raise ArgumentError,
            "the options of upgrade/2 must be a keyword list, got: #{inspect(opts)}"

    case Keyword.keys(opts) -- @known do
      [] ->
        :ok

      unknown ->
        raise ArgumentError, "unknown options #{inspect(unknown)}, known are #{inspect(@known)}"
    end

    opts =
      Keyword.merge(
        [library: nil, max_builds: @default_max_builds, timeout: @default_timeout_ms],
        opts
      )

    opts = Keyword.put_new(opts, :compile, opts[:library] == nil and Build.project?())

    valid!(:library, opts, opts[:library] == nil or is_binary(opts[:library]), "a path")
    valid!(:compile, opts, is_boolean(opts[:compile]), "true or false")

    valid!(
      :max_builds,
      opts,
      opts[:max_builds] == :infinity or (is_integer(opts[:max_builds]) and opts[:max_builds] > 0),
      "a positive integer or :infinity"
    )

    valid!(
      :timeout,
      opts,
      opts[:timeout] == :infinity or (is_integer(opts[:timeout]) and opts[:timeout] >= 0),
      "a number of ms or :infinity"
    )

    opts
  end

  defp valid!(_key, _opts, true, _wanted), do: :ok

  defp valid!(key, opts, false, wanted) do
    raise ArgumentError,
          "the option #{inspect(key)} must be #{wanted}, got: #{inspect(opts[key])}"
  end
end
