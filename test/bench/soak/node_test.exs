Code.require_file("../../../bench/soak/node.exs", __DIR__)

defmodule Cantilever.Bench.Soak.NodeTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Soak.Node

  @moduletag :tmp_dir

  # What the child runs instead of the load: it tells what it is told to, and ends as it is told to.
  @source """
  defmodule Cantilever.Bench.Soak.Load do
    def main, do: spawn(&run/0)

    def run do
      port = :erlang.open_port({:fd, 3, 4}, [:binary, {:packet, 4}])
      %{tell: terms, halt: halt} = receive do {^port, {:data, data}} -> :erlang.binary_to_term(data) end
      for term <- terms, do: :erlang.port_command(port, :erlang.term_to_binary(term))
      :erlang.halt(halt)
    end
  end
  """

  setup %{tmp_dir: dir} do
    # Compiled elsewhere, as a module of this name is of no use here.
    File.write!(Path.join(dir, "load.ex"), @source)
    {_output, 0} = System.cmd("elixirc", ["-o", dir, Path.join(dir, "load.ex")])
    elixir = :elixir |> :code.lib_dir(:ebin) |> List.to_string()

    {:ok,
     run:
       &Node.run([dir, elixir], %{tell: &1, halt: &2}, fn at_ms, _figures, _done ->
         send(self(), {:at, at_ms})
       end)}
  end

  describe "run/3" do
    test "gives what the node has told when that has done all of its work", %{run: run} do
      told = [
        {:sample, 1, %{rss: 5}, %{}},
        {:sample, 2, %{rss: 6}, %{}},
        {:rest, :warm, %{live: 1}},
        :done
      ]

      result = run.(told, 0)
      assert %{ended: :done, rests: %{warm: %{live: 1}}, failures: [], failure_count: 0} = result
      assert result.samples == [{1, %{rss: 5}, %{}}, {2, %{rss: 6}, %{}}]
      assert_received {:at, 2}
    end

    test "tells that the node died, with its last operations and those under way", %{run: run} do
      operations =
        [{:operation, 7, 1, :kill, "early"}] ++
          for(n <- 1..100, do: {:operation, 1, n, :fuzz, "late"})

      result = run.(operations, 7)
      assert result.ended == {:died, 7}
      assert "worker 1, operation 100: fuzz late" in result.last
      assert "worker 7, operation 1: kill early" in result.last
      refute "worker 1, operation 50: fuzz late" in result.last
    end

    test "sees a node that a signal has ended", %{run: run} do
      # A halt with :abort is how the VM ends itself when its memory is in disorder.
      assert {:died, status} = run.([], :abort).ended
      assert status > 128
    end

    test "counts failures, and shows them", %{run: run} do
      output =
        ExUnit.CaptureIO.capture_io(fn ->
          send(self(), {:result, run.([{:failure, "wrong"}, :done], 0)})
        end)

      assert output =~ "FAILED: wrong"
      assert_received {:result, %{ended: :done, failure_count: 1, failures: ["wrong"]}}
    end
  end
end
