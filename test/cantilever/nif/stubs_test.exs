defmodule Cantilever.Nif.StubsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Stubs

  defp nif_error, do: quote(do: :erlang.nif_error(:nif_not_loaded))

  defp definitions(stubs, others \\ []),
    do: %{all: Enum.sort(stubs ++ others), stubs: Enum.sort(stubs), via: %{}}

  describe "from_bodies/1" do
    test "finds stubs that raise themselves, in any clause" do
      bodies = %{
        {:a, 0} => {:def, [nif_error()]},
        {:b, 1} => {:def, [1, quote(do: :erlang.nif_error(:x, []))]},
        {:c, 0} => {:def, [quote(do: :erlang.error(:x))]}
      }

      assert %{stubs: [a: 0, b: 1], all: [a: 0, b: 1, c: 0]} = Stubs.from_bodies(bodies)
    end

    test "finds stubs that raise through a private function" do
      bodies = %{
        {:a, 0} => {:def, [quote(do: not_loaded())]},
        {:b, 0} => {:def, [quote(do: other())]},
        {:not_loaded, 0} => {:defp, [nif_error()]},
        {:other, 0} => {:defp, [1]}
      }

      assert %{stubs: [a: 0], via: %{{:a, 0} => [not_loaded: 0]}} = Stubs.from_bodies(bodies)
    end
  end

  describe "definitions/1" do
    test "reads a module that is being compiled" do
      defmodule Compiled do
        @before_compile __MODULE__.Hook

        defmodule Hook do
          defmacro __before_compile__(env) do
            send(self(), {:definitions, Cantilever.Nif.Stubs.definitions(env.module)})
            nil
          end
        end

        def direct(_a, _b \\ 1), do: :erlang.nif_error(:nif_not_loaded)
        def indirect(_a), do: not_loaded()
        def ordinary(a), do: a
        defp not_loaded, do: :erlang.nif_error(:nif_not_loaded)
      end

      assert_received {:definitions, %{stubs: [direct: 2, indirect: 1], all: all}}
      assert all == [direct: 1, direct: 2, indirect: 1, not_loaded: 0, ordinary: 1]
    end
  end

  describe "difference/2" do
    test "is empty for a module that matches its library" do
      assert Stubs.difference(definitions([a: 1, b: 2], c: 3), a: 1, b: 2) == %{
               missing: [],
               unknown: [],
               arity: []
             }
    end

    test "counts a function with a body of its own as a stub" do
      assert %{missing: []} = Stubs.difference(definitions([], a: 1), a: 1)
    end

    test "names what either side lacks" do
      assert Stubs.difference(definitions(a: 1), b: 2) == %{
               missing: [b: 2],
               unknown: [a: 1],
               arity: []
             }
    end

    test "pairs functions of one name" do
      assert Stubs.difference(definitions(a: 1), a: 2) == %{
               missing: [],
               unknown: [],
               arity: [{{:a, 2}, {:a, 1}}]
             }
    end

    test "pairs each function once" do
      assert %{missing: [a: 4], unknown: [], arity: [{{:a, 3}, {:a, 1}}]} =
               Stubs.difference(definitions(a: 1), a: 3, a: 4)

      assert %{missing: [], unknown: [a: 2], arity: [{{:a, 3}, {:a, 1}}]} =
               Stubs.difference(definitions(a: 1, a: 2), a: 3)
    end

    test "leaves overloads alone that both sides have" do
      assert %{missing: [], unknown: [], arity: []} =
               Stubs.difference(definitions(a: 1, a: 2), a: 1, a: 2)
    end

    test "takes a public function in front of a private native one for no stub" do
      definitions = %{all: [a: 1, raw: 1], stubs: [a: 1], via: %{{:a, 1} => [raw: 1]}}
      assert %{missing: [], unknown: []} = Stubs.difference(definitions, raw: 1)
      assert %{unknown: [a: 1]} = Stubs.difference(definitions, [])
    end
  end

  describe "message/3" do
    test "is nil without a difference" do
      assert Stubs.message(%{missing: [], unknown: [], arity: []}, M, "m") == nil
    end

    test "offers stubs that compile" do
      message = Stubs.message(%{missing: [a: 0, b: 2], unknown: [], arity: []}, M, "m")
      stubs = for [stub] <- Regex.scan(~r/def .*$/m, message), do: stub
      assert {:ok, {:__block__, _, [_, _]}} = Code.string_to_quoted(Enum.join(stubs, "\n"))
      assert message =~ "a/0    def a, do: :erlang.nif_error(:nif_not_loaded)"
    end
  end
end
