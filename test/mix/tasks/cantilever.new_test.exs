defmodule Mix.Tasks.Cantilever.NewTest do
  use ExUnit.Case, async: true

  @moduletag timeout: 600_000

  @root File.cwd!()

  setup %{test: test} do
    dir = Path.join(System.tmp_dir!(), "cantilever new #{System.pid()} #{:erlang.phash2(test)}")
    File.mkdir_p!(dir)
    on_exit(fn -> File.rm_rf!(dir) end)
    {:ok, dir: dir}
  end

  describe "what it writes" do
    test "builds, passes and is well formed in a new project", %{dir: dir} do
      mix!(dir, ["new", "shop"])
      project = depend_on_kit(Path.join(dir, "shop"))

      output = mix!(project, ["cantilever.new", "Shop.Native"])
      assert output =~ "* creating lib/shop/native.ex"

      check(project, Path.join(project, "native/shop_native"))
      assert File.read!(Path.join(project, ".gitignore")) =~ ~r"^/target/$"m

      again = mix!(project, ["cantilever.new", "Shop.Native"])
      refute again =~ "creating"
      assert again =~ "unchanged"
      assert_upgrades(project)
    end

    test "does so in an application of an umbrella, and for a long name", %{dir: dir} do
      mix!(dir, ["new", "--umbrella", "shops"])
      apps = Path.join(dir, "shops/apps")
      mix!(apps, ["new", "till"])
      project = depend_on_kit(Path.join(apps, "till"))

      long = "Till.Receipts.Archived.Permanently.InTheOffice.Natively"
      mix!(project, ["cantilever.new", long, "--crate", "receipts"])
      check(project, Path.join(project, "native/receipts"))

      assert {output, 1} = mix(Path.join(dir, "shops"), ["cantilever.new", "Shops.Native"])
      assert output =~ "an umbrella has no modules of its own"
    end
  end

  describe "in a project that has something already" do
    setup %{dir: dir} do
      mix!(dir, ["new", "shop"])
      {:ok, project: depend_on_kit(Path.join(dir, "shop"))}
    end

    test "--dry-run writes nothing, and says what it would", %{project: project} do
      before = tree(project)
      output = mix!(project, ["cantilever.new", "Shop", "--dry-run"])
      assert output =~ "would replace lib/shop.ex\n"
      assert output =~ "would create native/shop/src/lib.rs\n"
      assert output =~ "would create Cargo.toml\n"
      assert output =~ "would replace .gitignore\n"
      assert tree(project) == before
    end

    test "asks before it replaces anything, unless with --force", %{project: project} do
      module = Path.join(project, "lib/shop.ex")
      own = File.read!(module)

      # Nobody answers.
      _output = mix!(project, ["cantilever.new", "Shop"])
      assert File.read!(module) == own
      assert File.exists?(Path.join(project, "native/shop/src/lib.rs"))

      _output = mix!(project, ["cantilever.new", "Shop", "--force"])
      assert File.read!(module) =~ "use Cantilever.Nif"
    end

    test "leaves a manifest of its own alone, even with --force", %{project: project} do
      manifest = Path.join(project, "Cargo.toml")
      File.write!(manifest, "[workspace]\nmembers = [\"native/*\"]\nexclude = [\"deps\"]\n")
      output = mix!(project, ["cantilever.new", "Shop.Native", "--force"])
      assert output =~ ~s(its workspace has the member "native/shop_native")

      assert File.read!(manifest) ==
               "[workspace]\nmembers = [\"native/*\"]\nexclude = [\"deps\"]\n"
    end

    test "says what is wrong with its arguments", %{project: project} do
      for {arguments, text} <- [
            {[], "give the name of one module"},
            {["Shop.A", "Shop.B"],
             "give the name of one module, as in `mix cantilever.new MyApp.Native`, not 2"},
            {["shop"], ~s("shop" is no name of a module)},
            {["Shop.Native", "--crate", "std"], ~s(a crate cannot be named "std")},
            {["Shop.Native", "--fast"], "--fast is no option"}
          ] do
        assert {output, 1} = mix(project, ["cantilever.new" | arguments])
        assert output =~ text
      end
    end
  end

  test "without the kit among the dependencies it says how to add it", %{dir: dir} do
    mix!(dir, ["new", "shop"])
    # The task is there, as it is in an archive.
    env = [{"ERL_LIBS", Path.join(Mix.Project.build_path(), "lib")}]
    assert {output, 1} = mix(Path.join(dir, "shop"), ["cantilever.new", "Shop.Native"], env)
    assert output =~ "Add {:cantilever, …} to the dependencies in mix.exs"
  end

  defp check(project, crate) do
    mix!(project, ["compile", "--warnings-as-errors"])
    assert mix!(project, ["test"], [{"MIX_ENV", nil}]) =~ ~r/ 0 failures\n/
    mix!(project, ["format", "--check-formatted"])
    run!("cargo", ["fmt", "--check"], crate)
    run!("cargo", ["clippy", "--all-targets", "--quiet", "--", "-D", "warnings"], crate)
  end

  # In one VM, as under `iex -S mix`: a source that does not compile, one that does, another function, and back again.
  defp assert_upgrades(project) do
    script = Path.join(project, "upgrade.exs")

    File.write!(script, ~S"""
    rust = "native/shop_native/src/lib.rs"
    elixir = "lib/shop/native.ex"
    [old_rust, old_elixir] = Enum.map([rust, elixir], &File.read!/1)
    caller = spawn(fn -> Shop.Native.count_primes(1_000_000_000_000) end)

    edit = fn from, to -> File.write!(rust, String.replace(old_rust, from, to)) end
    {:ok, :unchanged} = Cantilever.Nif.upgrade(Shop.Native)

    edit.("u64::from(b)\n", "u64::from(b\n")
    {:error, %{reason: :compile, message: message}} = Cantilever.Nif.upgrade(Shop.Native)
    true = message =~ "error"
    3 = Shop.Native.add(1, 2)

    edit.("u64::from(b)\n", "u64::from(b) + 10\n")
    {:ok, %{running: running}} = Cantilever.Nif.upgrade(Shop.Native)
    13 = Shop.Native.add(1, 2)
    IO.inspect(running == [{caller, {Shop.Native, :count_primes, 1}}], label: "in flight")
    Process.exit(caller, :kill)

    edit.("fn add(", "fn plus(")
    {:error, %{reason: :compile}} = Cantilever.Nif.upgrade(Shop.Native)
    File.write!(elixir, String.replace(old_elixir, "add(", "plus("))
    {:ok, _upgrade} = Cantilever.Nif.upgrade(Shop.Native)
    3 = Shop.Native.plus(1, 2)

    File.write!(rust, old_rust)
    File.write!(elixir, old_elixir)
    {:ok, %{to: %{older: older}}} = Cantilever.Nif.upgrade(Shop.Native)
    3 = Shop.Native.add(1, 2)
    IO.puts("#{length(older)} older")
    """)

    output = mix!(project, ["run", "upgrade.exs"])
    assert output =~ "in flight: true\n"
    assert output =~ "2 older"
  end

  defp depend_on_kit(project) do
    path = Path.join(project, "mix.exs")
    [before, deps] = path |> File.read!() |> String.split("defp deps do\n    [\n")

    File.write!(path, [
      before,
      "defp deps do\n    [\n{:cantilever, path: #{inspect(@root)}},\n",
      deps
    ])

    run!("mix", ["format", "mix.exs"], project)
    project
  end

  defp tree(dir) do
    for path <- Path.wildcard(Path.join(dir, "**"), match_dot: true),
        not (path =~ "/_build"),
        File.regular?(path),
        do: {path, File.read!(path)}
  end

  defp mix!(dir, arguments, env \\ []), do: run!("mix", arguments, dir, env)
  defp mix(dir, arguments, env \\ []), do: run("mix", arguments, dir, env)

  defp run!(command, arguments, dir, env \\ []) do
    {output, status} = run(command, arguments, dir, env)
    assert status == 0, output
    output
  end

  # What cargo has built of the kit for these tests is taken, so that they test what is new. Nobody is at standard input.
  defp run(command, arguments, dir, env) do
    target =
      System.get_env("CARGO_TARGET_DIR") || Path.join(Mix.Project.build_path(), "cantilever")

    env = [
      {"MIX_ENV", nil},
      {"MIX_BUILD_PATH", nil},
      {"CARGO_TARGET_DIR", Path.expand(target)} | env
    ]

    System.cmd("sh", ["-c", ~s(exec "$@" </dev/null), "sh", command | arguments],
      cd: dir,
      env: env,
      stderr_to_stdout: true
    )
  end
end
