defmodule Mix.Tasks.MyApp.FractalsTest do
  # Mix's shell is one for all.
  use ExUnit.Case, async: false

  @moduletag :tmp_dir

  setup do
    Mix.shell(Mix.Shell.Process)
    on_exit(fn -> Mix.shell(Mix.Shell.IO) end)
  end

  describe "run/1" do
    test "renders the pictures, and keeps them the next time", %{tmp_dir: dir} do
      args = [Path.join(dir, "new"), "--count", "3", "--size", "30x20"]
      Mix.Tasks.MyApp.Fractals.run(args)

      assert dir |> Path.join("new") |> File.ls!() |> Enum.sort() ==
               ~w(fractal-01-30x20-100.png fractal-02-20x30-387.png fractal-03-20x20-1500.png)

      for _ <- 1..3 do
        assert_received {:mix_shell, :info, ["  fractal-" <> line]}
        assert line =~ ~r/ \d+ ms$/
      end

      Mix.Tasks.MyApp.Fractals.run(args)
      for _ <- 1..3, do: assert_received({:mix_shell, :info, [line]}) && assert(line =~ "already")
    end

    test "names what it cannot take", %{tmp_dir: dir} do
      assert_raise Mix.Error, ~r/--count is 0/, fn -> run([dir, "--count", "0"]) end
      assert_raise Mix.Error, ~r/--size is "big"/, fn -> run([dir, "--size", "big"]) end
      assert_raise Mix.Error, ~r/--sise is unknown/, fn -> run([dir, "--sise", "3x2"]) end
      assert_raise Mix.Error, ~r/one folder is wanted/, fn -> run([]) end
    end

    test "says why a picture cannot be made", %{tmp_dir: dir} do
      assert_raise Mix.Error, ~r/invalid_size: .*99999x2/, fn ->
        run([dir, "--size", "99999x2"])
      end

      file = Path.join(dir, "file")
      File.touch!(file)

      assert_raise Mix.Error, ~r/not_written/, fn ->
        run([file, "--count", "1", "--size", "3x2"])
      end
    end
  end

  defp run(args), do: Mix.Tasks.MyApp.Fractals.run(args)
end
