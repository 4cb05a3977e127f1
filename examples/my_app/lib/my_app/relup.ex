defmodule MyApp.Relup do
  @moduledoc """
  The step of `mix release` that makes a release which a running node can be upgraded to.

      releases: [
        my_app: [
          applications: [sasl: :permanent],
          include_executables_for: [:unix],
          steps: [:assemble, &MyApp.Relup.add/1, :tar]
        ]
      ]

  `mix release` itself knows no upgrades. To what it assembled, this adds what `:release_handler` looks for:

  | file | what it tells |
  |---|---|
  | `lib/my_app-0.2.0/ebin/my_app.appup` | which modules to load, as written in `rel/my_app.appup` |
  | `releases/0.2.0/relup` | the same, as instructions for the whole release |
  | `releases/my_app-0.2.0.rel` | the applications of the release; `:release_handler` looks for it in the archive |
  | `releases/RELEASES` | the releases on the node, so far this one |

  The versions to upgrade from are those in `rel/my_app.appup`. Their releases are expected beside the new one, where
  `mix release` leaves them; otherwise unpack their archives there.
  """

  @doc "Adds to an assembled release what an upgrade needs."
  @spec add(Mix.Release.t()) :: Mix.Release.t()
  def add(%Mix.Release{} = release) do
    {up, down} = add_appup!(release)
    Enum.each(Enum.uniq(up ++ down), &check_present!(release, &1))
    make_relup!(release, up, down)

    releases = Path.join(release.path, "releases")
    rel = Path.join(releases, "#{release.name}-#{release.version}.rel")
    File.cp!(rel_file(release, release.version), rel)

    # With no root, the paths in it are relative to wherever the archive is unpacked.
    :ok = :release_handler.create_RELEASES(~c"", to_charlist(releases), to_charlist(rel), [])
    release
  end

  defp add_appup!(release) do
    source = Path.join("rel", appup())
    version = to_charlist(release.version)

    case :file.consult(source) do
      {:ok, [{^version, up, down}]} ->
        File.cp!(source, Path.join(ebin(release, release.version), appup()))
        {Enum.map(up, &elem(&1, 0)), Enum.map(down, &elem(&1, 0))}

      {:ok, [{other, _up, _down}]} ->
        Mix.raise("#{source} is that of version #{other}, and this is version #{version}")

      {:ok, _terms} ->
        Mix.raise("#{source} is not of the form {Version, UpFrom, DownTo}")

      {:error, reason} ->
        Mix.raise("#{source}: #{:file.format_error(reason)}")
    end
  end

  defp check_present!(release, from) do
    unless File.exists?(rel_file(release, from)) do
      Mix.raise(
        "rel/#{appup()} names version #{from}, whose release is not in #{Path.relative_to_cwd(release.path)}. " <>
          "Build it first, or unpack its archive there"
      )
    end
  end

  # Even if there is nothing to upgrade from: `check_install_release` looks for processes that stand in the way of a
  # downgrade only where the older release has a relup of its own.
  defp make_relup!(release, up, down) do
    options = [
      :silent,
      path: [to_charlist(Path.join(release.path, "lib/*/ebin"))],
      outdir: to_charlist(release.version_path)
    ]

    rel = &(release |> rel_file(&1) |> Path.rootname() |> to_charlist())

    case :systools.make_relup(
           rel.(release.version),
           Enum.map(up, rel),
           Enum.map(down, rel),
           options
         ) do
      {:ok, {_version, ups, downs}, _module, _warnings} ->
        Enum.each(ups ++ downs, fn {other, _description, script} ->
          check_complete!(release, other, script)
        end)

      {:error, module, reason} ->
        Mix.raise("There can be no relup. #{module.format_error(reason)}")
    end
  end

  # A module that the appup forgets would go on as it was, without a word.
  defp check_complete!(release, other, script) do
    handled =
      Enum.flat_map(script, fn
        {:load_object_code, {_app, _version, modules}} -> modules
        {:remove, {module, _pre_purge, _post_purge}} -> [module]
        _other -> []
      end)

    case changed(ebin(release, other), ebin(release, release.version)) -- handled do
      [] ->
        :ok

      forgotten ->
        Mix.raise(
          "Between #{other} and #{release.version} these modules differ, but rel/#{appup()} does not name them: " <>
            Enum.map_join(forgotten, ", ", &inspect/1)
        )
    end
  end

  defp changed(one, another) do
    {one, another} = {digests(one), digests(another)}

    for module <- Map.keys(Map.merge(one, another)),
        one[module] != another[module],
        do: module
  end

  defp digests(ebin) do
    for beam <- Path.wildcard(Path.join(ebin, "*.beam")), into: %{} do
      {:ok, {module, digest}} = :beam_lib.md5(to_charlist(beam))
      {module, digest}
    end
  end

  defp rel_file(release, version),
    do: Path.join([release.path, "releases", to_string(version), "#{release.name}.rel"])

  defp ebin(release, version), do: Path.join([release.path, "lib", "#{app()}-#{version}", "ebin"])

  defp appup, do: "#{app()}.appup"

  defp app, do: Mix.Project.config()[:app]
end
