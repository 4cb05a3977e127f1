defmodule Cantilever.DataProcessor.ReporterTest do
  use ExUnit.Case, async: true

  alias Cantilever.DataProcessor.Reporter

  # A terminal that knows its width, as far as a reporter asks.
  defp terminal(columns) do
    spawn_link(fn ->
      receive do
        {:io_request, from, reply_as, {:get_geometry, :columns}} ->
          send(from, {:io_reply, reply_as, columns})
      end
    end)
  end

  describe "new/2" do
    test "draws a bar on the terminal, also under Elixir's name for it" do
      for device <- [:stdio, :standard_io] do
        Process.group_leader(self(), terminal(97))
        assert Reporter.new({:bar, device}, 10).target == {:bar, :standard_io, 97}
      end
    end

    test "knows standard error under both of its names" do
      for device <- [:stderr, :standard_error] do
        target = Reporter.new({:bar, device}, 10).target
        assert elem(target, 1) == :standard_error
        assert Reporter.new(:bar, 10).target == target
      end
    end

    test "prints lines where no width is known" do
      {:ok, device} = StringIO.open("")
      assert Reporter.new({:bar, device}, 10).target == {:lines, device}
    end
  end
end
