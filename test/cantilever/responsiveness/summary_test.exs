defmodule Cantilever.Responsiveness.SummaryTest do
  use ExUnit.Case, async: true

  alias Cantilever.MadeUpReport
  alias Cantilever.Responsiveness.Summary

  describe "render/1" do
    test "ends with a verdict in plain words" do
      assert IO.iodata_to_binary(Summary.render(MadeUpReport.fine())) =~
               ~r/\n\nfine: the call keeps the node responsive$/
    end

    test "names each reason with what helps" do
      assert IO.iodata_to_binary(Summary.render(MadeUpReport.fails(["one", "two"]))) =~
               ~r/\n\nfails:\n  \* one\n    Advice: one\n  \* two\n    Advice: two$/
    end

    test "says how it was measured" do
      assert IO.iodata_to_binary(Summary.render(MadeUpReport.fine())) =~
               "callers: 2, rounds: 3, of 1 s each, schedulers: 2"
    end
  end
end
