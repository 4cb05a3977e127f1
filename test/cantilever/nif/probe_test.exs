defmodule Cantilever.Nif.ProbeTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Probe

  describe "functions/4" do
    test "reports why a library does not load" do
      assert {:error, {:load_failed, text}} =
               Probe.functions(My.Native, [add: 2], "/no/such/library.so", 0)

      assert to_string(text) =~ "/no/such/library"
    end
  end
end
