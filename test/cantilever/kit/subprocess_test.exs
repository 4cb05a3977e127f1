defmodule Cantilever.Kit.SubprocessTest do
  use ExUnit.Case, async: true

  import Cantilever.Eventually

  alias Cantilever.KitNif

  @limit 2_000_000

  defp sh(script, input \\ "", limit \\ @limit) do
    KitNif.run_program("sh", ["-c", script], input, limit)
  end

  # The programs that this VM has started itself, dead ones that nobody has waited for among them.
  defp children do
    {listed, 0} = System.cmd("ps", ["-A", "-o", "ppid=,stat=,args="])

    for line <- String.split(listed, "\n", trim: true),
        [ppid, stat, args] = String.split(line, " ", parts: 3, trim: true) |> pad(),
        ppid == System.pid(),
        not (args =~ "erl_child_setup"),
        do: {stat, args}
  end

  defp pad(fields), do: Enum.take(fields ++ ["", ""], 3)

  describe "a program" do
    test "ends with its own status" do
      assert sh("echo out; echo err >&2") == {:ok, {0, nil, "out\n", "err\n"}}
      assert sh("exit 3") == {:ok, {3, nil, "", ""}}
      assert sh("kill -9 $$") == {:ok, {nil, 9, "", ""}}
      assert sh("kill -15 $$") == {:ok, {nil, 15, "", ""}}
    end

    test "that is not there is an error that names it" do
      assert {:error, {:not_started, "no-such-program could not be started: " <> _reason}} =
               KitNif.run_program("no-such-program", [], "", @limit)
    end

    test "may write a megabyte to each of its outputs, and read as much" do
      input = String.duplicate("0123456789", 100_000)
      assert sh("tee /dev/stderr", input) == {:ok, {0, nil, input, input}}
    end

    test "that writes more than is wanted is killed" do
      assert {:error, {:too_much_output, message}} = sh("yes", "", 1_000)
      assert message == "the program wrote more than 1000 bytes to its standard output"
      eventually(fn -> not Enum.any?(children(), fn {_stat, args} -> args =~ "yes" end) end)
    end

    test "inherits no file or socket of the VM" do
      {:ok, socket} = :gen_tcp.listen(0, [])
      assert {:ok, {0, nil, listed, ""}} = sh("exec ls /dev/fd/")
      :ok = :gen_tcp.close(socket)
      # 3 is what ls itself reads the folder with.
      assert listed |> String.split() |> Enum.map(&String.to_integer/1) |> Enum.max() <= 3
    end

    test "has the signal of ended children at its default, as it expects" do
      assert {:ok, {0, nil, "7\n", ""}} = sh("sh -c 'exit 7' & wait $!; echo $?")
    end
  end

  describe "a caller that is killed" do
    @tag :tmp_dir
    test "takes its program and what that has started along", %{tmp_dir: dir} do
      mark = "3600.#{System.unique_integer([:positive])}"
      started = Path.join(dir, "started")
      script = "sleep #{mark} & sleep #{mark} & touch '#{started}'; wait"
      {pid, monitor} = spawn_monitor(fn -> sh(script) end)
      eventually(fn -> File.exists?(started) end)
      Process.exit(pid, :kill)
      assert_receive {:DOWN, ^monitor, :process, ^pid, :killed}

      eventually(fn ->
        {listed, 0} = System.cmd("ps", ["-A", "-o", "stat=,args="])

        alive =
          for line <- String.split(listed, "\n"), line =~ mark, not (line =~ ~r/^Z/), do: line

        alive == [] and not Enum.any?(children(), fn {_stat, args} -> args =~ mark end)
      end)
    end
  end

  describe "many programs" do
    test "at a time each get their own outputs and status, and leave nothing behind" do
      1..100
      |> Task.async_stream(&{&1, sh("cat; echo #{&1}; exit #{&1}", "in #{&1}, ")},
        max_concurrency: 100,
        timeout: 60_000
      )
      |> Enum.each(fn {:ok, {i, result}} ->
        assert result == {:ok, {i, nil, "in #{i}, #{i}\n", ""}}
      end)

      eventually(fn -> not Enum.any?(children(), fn {stat, _args} -> stat =~ "Z" end) end)
    end

    test "do not disturb those that Elixir starts, nor the other way round" do
      1..50
      |> Task.async_stream(
        fn i ->
          elixir = System.cmd("sh", ["-c", "echo #{i}; exit #{i}"])
          {i, elixir, sh("echo #{i}; exit #{i}")}
        end,
        max_concurrency: 10,
        timeout: 60_000
      )
      |> Enum.each(fn {:ok, {i, elixir, native}} ->
        assert elixir == {"#{i}\n", i}
        assert native == {:ok, {i, nil, "#{i}\n", ""}}
      end)
    end
  end
end
