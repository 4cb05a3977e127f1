defmodule Cantilever.Kit.ReloadingTest do
  # What a node holds is compared, which the machine's other work would be in.
  use ExUnit.Case, async: false

  alias Cantilever.{ChildVM, Footprint}
  alias Cantilever.KitNif.EveryCheckpoint

  @moduletag timeout: 180_000

  @cycles 1_000

  # By how much a node may grow in 900 cycles. Each time that a module is loaded which was deleted before, the VM makes
  # resource types of which the kit keeps an object each, 0.8 kB in all. The rest is what is first used meanwhile.
  @most %{system: 1_500_000, code: 100_000, atoms: 10, threads: 0, processes: 0, ports: 0}

  # The VM of OTP 25 keeps some 20 kB for each load of a module of that many functions, with a library or without.
  @most_rss_beyond_the_vms 15_000_000

  @builds 30

  # In kB, of a library of 2 MB.
  @most_private 100
  @most_private_of_node 400

  setup do
    dir = Application.app_dir(:cantilever, "reloading #{System.unique_integer([:positive])}")
    on_exit(fn -> File.rm_rf!(dir) end)
    File.mkdir_p!(dir)
    {:ok, dir: dir}
  end

  # A build of its own, as far as the system and the VM can tell.
  defp build(dir, name) do
    path = Path.join(dir, name)
    content = File.read!(ChildVM.library(EveryCheckpoint)) <> name
    # What is not on the disk yet counts as changed, and so as the node's own.
    {:ok, :ok} = File.open(path <> ".so", [:raw, :write], &write_through(&1, content))
    path
  end

  defp write_through(file, content) do
    :ok = :file.write(file, content)
    :file.sync(file)
  end

  # What `call` returns in a VM of its own, which must end well, and what that has printed.
  defp run(call) do
    {output, status} =
      ChildVM.run("""
      {:ok, _} = Application.ensure_all_started(:cantilever)
      :logger.set_primary_config(:level, :none)
      value = #{call}
      IO.puts("value " <> (value |> :erlang.term_to_binary() |> Base.encode64()))
      """)

    assert status == 0, output
    [_, value] = Regex.run(~r/^value (\S+)$/m, output)
    {value |> Base.decode64!() |> :erlang.binary_to_term(), output}
  end

  test "a library that is loaded, called and purged a thousand times leaves nothing behind", %{
    dir: dir
  } do
    [one, other] = Enum.map(["one", "other"], &build(dir, &1))

    {report, output} =
      run("Cantilever.Reloading.run(#{inspect(one)}, #{inspect(other)}, #{@cycles})")

    assert ~r/^a line of Rust's$/m |> Regex.scan(output) |> length() == @cycles
    assert report.threads == []
    assert report.destroyed > 100
    nothing = Map.new(@most, fn {part, _most} -> {part, 0} end)
    assert Footprint.grown(report.growth, nothing, @most) == []

    if rss = report.growth.rss,
      do: assert(rss < max(report.growth_without.rss, 0) + @most_rss_beyond_the_vms)
  end

  if :os.type() == {:unix, :linux} do
    test "a build that was replaced keeps no thread, and little memory", %{dir: dir} do
      builds = Enum.map(1..@builds, &build(dir, "build #{&1}"))
      {cost, _output} = run("Cantilever.Replacing.run(#{inspect(builds, limit: :infinity)})")
      assert {threads, threads} = cost.threads
      assert cost.mapped > 1_000
      assert cost.private < @most_private, inspect(cost)
      assert cost.node_private < @most_private_of_node, inspect(cost)
    end
  end
end
