defmodule Cantilever.Nif.Precompiled.Choice do
  @moduledoc false
  # Which of the published artifacts fits a system. Pure, but for the functions in the option `:variants`.

  alias Cantilever.Nif.Options
  alias Cantilever.Nif.Precompiled.{Callback, Checksums, Naming, Target}

  @enforce_keys [:archive, :library, :target]
  defstruct [:archive, :library, :target]

  @type t :: %__MODULE__{archive: String.t(), library: String.t(), target: String.t()}

  # No VM knows a newer one.
  @newest_minor 99

  @spec choose(module(), Options.t(), Target.t(), Checksums.t()) ::
          {:ok, t()} | {:error, String.t()}
  def choose(module, options, system, checksums) do
    with :ok <- declared(options, system),
         {:ok, variant} <- variant(module, options, system.target),
         {:ok, artifact} <- newest(options, system, variant, checksums),
         archive = Naming.archive(artifact),
         :ok <- glibc(system, Checksums.glibc(checksums, archive), archive) do
      {:ok,
       %__MODULE__{
         archive: archive,
         library: Naming.library(artifact),
         target: system.target
       }}
    end
  end

  defp declared(options, %{target: target}) do
    cond do
      target in options.targets ->
        :ok

      String.ends_with?(target, "musl") and gnu(target) in options.targets ->
        {:error,
         "this VM runs on musl, as on Alpine, and is a #{target}. The artifacts for #{gnu(target)} need glibc, " <>
           "and none for musl is published. Use a system with glibc, or ask for an artifact for #{target}"}

      true ->
        {:error,
         "no artifact is published for #{target}, which this VM needs. Published are those for " <>
           Enum.join(options.targets, ", ")}
    end
  end

  defp gnu(target), do: String.replace_suffix(target, "musl", "gnu")

  # The first whose function says so.
  defp variant(module, options, target) do
    config = options |> Map.from_struct() |> Map.put(:module, module)

    options.variants
    |> Map.get(target, [])
    |> Enum.find_value({:ok, nil}, fn {name, wanted?} ->
      case asked(wanted?, config) do
        {:ok, answer} ->
          if answer, do: {:ok, Atom.to_string(name)}

        {:error, what} ->
          {:error,
           "the function of #{inspect(name)} in the option :variants for #{target} #{what}. Correct it"}
      end
    end)
  end

  defp asked(wanted?, config) do
    {:module, module} = Function.info(wanted?, :module)

    Callback.call(module, fn ->
      if is_function(wanted?, 1), do: wanted?.(config), else: wanted?.()
    end)
  end

  defp newest(options, %{target: target, nif_version: {major, minor}}, variant, checksums) do
    artifact = fn minor ->
      %{
        basename: options.crate,
        version: options.version,
        nif_version: "#{major}.#{minor}",
        target: target,
        variant: variant
      }
    end

    published =
      for candidate <- @newest_minor..0//-1,
          Map.has_key?(checksums, Naming.archive(artifact.(candidate))),
          do: candidate

    case {Enum.find(published, &(&1 <= minor)), published} do
      {nil, []} ->
        {:error,
         "the checksum file has no entry such as #{Naming.archive(artifact.(15))}, though the project declares artifacts " <>
           "for #{target}#{if variant, do: " in the variant #{variant}"}. Update the package: the checksum file of this one " <>
           "is not that of version #{options.version}, or not whole"}

      {nil, newer} ->
        versions = Enum.map_join(Enum.reverse(newer), ", ", &"#{major}.#{&1}")

        {:error,
         "the artifacts for #{target} are for the NIF versions #{versions}, and this VM (OTP #{System.otp_release()}) " <>
           "loads #{major}.#{minor} and older. Use a newer OTP, or ask for artifacts of an older NIF version"}

      {fitting, _published} ->
        {:ok, artifact.(fitting)}
    end
  end

  # What is not known is left to the system's loader.
  defp glibc(%{glibc: present}, needed, archive)
       when present != nil and needed != nil and present < needed do
    {:error,
     "#{archive} needs glibc #{dotted(needed)} or newer, and this VM runs on glibc #{dotted(present)}. " <>
       "Use a newer system"}
  end

  defp glibc(_system, _needed, _archive), do: :ok

  defp dotted({major, minor}), do: "#{major}.#{minor}"
end
