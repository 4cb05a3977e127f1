defmodule MyApp.UpgradeTest do
  # Builds two releases, and keeps all cores busy.
  use ExUnit.Case, async: false

  alias MyApp.{ReleaseNode, ReleaseProject}

  @moduletag :tmp_dir
  @moduletag timeout: 900_000

  @instructions """
  [{load_module, 'Elixir.MyApp.Native', soft_purge, soft_purge, []},
   {load_module, 'Elixir.MyApp.Fractals', soft_purge, soft_purge, []}]
  """

  test "a running release is upgraded and downgraded under load, and no call fails", %{
    tmp_dir: dir
  } do
    project = ReleaseProject.create(Path.join(dir, "project"))
    File.cp!("test/fixtures/load.ex", Path.join(project, "lib/my_app/load.ex"))
    assert {_output, 0} = ReleaseProject.release(project)

    next_version(project)
    write_appup(project, "[]")
    assert {output, 1} = ReleaseProject.release(project)
    assert output =~ "rel/my_app.appup does not name them: MyApp.Fractals, MyApp.Native"

    write_appup(project, @instructions)
    assert {_output, 0} = ReleaseProject.release(project)

    home = Path.join(dir, "home")
    File.mkdir_p!(home)
    {_output, 0} = System.cmd("tar", ["-xzf", archive(project, "0.1.0"), "-C", home])
    node = ReleaseNode.start!(home)
    assert state(node) == {"0.1.0", 0, "fractal-01-3x2-100.png"}
    File.cp!(archive(project, "0.2.0"), Path.join(home, "releases/my_app-0.2.0.tar.gz"))
    :ok = ReleaseNode.rpc!(node, ~s|MyApp.Upgrade.unpack("0.2.0")|)
    processes = processes(node)

    :ok = ReleaseNode.rpc!(node, "MyApp.Load.start()")
    assert ReleaseNode.rpc!(node, "MyApp.Load.next(100)") == [0]

    for {from, to, addend, name} <- [
          {"0.1.0", "0.2.0", 1, "picture"},
          {"0.2.0", "0.1.0", 0, "fractal"},
          {"0.1.0", "0.2.0", 1, "picture"},
          {"0.2.0", "0.1.0", 0, "fractal"},
          {"0.1.0", "0.2.0", 1, "picture"}
        ] do
      # The calls that run in the code of `from` let nobody have a third version, so each round waits for the last.
      {in_flight, back} =
        ReleaseNode.rpc!(node, """
        :ok = MyApp.Load.begin_long_calls()
        :ok = MyApp.Upgrade.install("#{to}")
        back = :release_handler.check_install_release(~c"#{from}")
        {MyApp.Load.in_flight(), back}
        """)

      assert :yielding in in_flight
      assert back == {:error, {:old_processes, MyApp.Native}}
      assert ReleaseNode.rpc!(node, "MyApp.Load.next(100)") == [addend]
      assert state(node) == {to, addend, name <> "-01-3x2-100.png"}
    end

    report = ReleaseNode.rpc!(node, "MyApp.Load.finish()")
    assert report.failures == []

    # Those that were counted: five rounds of a hundred for each of four callers, the callers and the long calls.
    assert report.calls >= 5 * 400 + 4 + 15
    assert processes -- processes(node) == []
    :ok = ReleaseNode.rpc!(node, ~s|MyApp.Upgrade.make_permanent("0.2.0")|)
    assert {"my_app 0.2.0\n", 0} = ReleaseNode.script(node, ["version"])
    assert ReleaseNode.stop!(node) == ""

    node = ReleaseNode.start!(home)
    assert state(node) == {"0.2.0", 1, "picture-01-3x2-100.png"}
  end

  defp next_version(project) do
    ReleaseProject.replace(project, "mix.exs", ~s("0.1.0"), ~s("0.2.0"))
    ReleaseProject.replace(project, "lib/my_app/fractals.ex", ~s("fractal-\#{), ~s("picture-\#{))

    ReleaseProject.replace(
      project,
      "native/my_app_native/src/nif.rs",
      "    sum.into()\n",
      "    BigInt::from(sum) + 1\n"
    )
  end

  defp write_appup(project, instructions) do
    File.write!(Path.join(project, "rel/my_app.appup"), """
    {"0.2.0", [{"0.1.0", #{instructions}}], [{"0.1.0", #{instructions}}]}.
    """)
  end

  defp archive(project, version), do: Path.join(project, "_build/prod/my_app-#{version}.tar.gz")

  defp state(node) do
    ReleaseNode.rpc!(node, """
    [%{name: name}] = MyApp.Fractals.plan(1, {3, 2})
    {to_string(Application.spec(:my_app, :vsn)), MyApp.Native.intensive_calculation(1), name}
    """)
  end

  # Everything that a supervisor would have started again.
  defp processes(node) do
    ReleaseNode.rpc!(node, """
    [System.pid() | for(name <- Process.registered(), do: {name, Process.whereis(name)})]
    """)
  end
end
