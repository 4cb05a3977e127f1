defmodule Cantilever.OptionsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Options

  @schema [
    size: [type: {:integer, 1}, default: 3, doc: "how many"],
    share: [type: {:integer, 0, 100}, default: 50, doc: "how much"],
    mode: [type: {:one_of, [:quick, :slow]}, default: :slow, doc: "how"],
    keep: [type: {:or, :all, {:integer, 1}}, default: :all, doc: "how many are kept"],
    callback: [type: {:function, 1}, doc: "what is called"],
    name: [type: {:or, nil, :name}, default: nil, doc: "what it is called"],
    worker: [type: :atom, default: :none, doc: "who"],
    checked: [type: :boolean, default: true, doc: "whether"],
    path: [type: :string, default: "a.db", doc: "where"],
    reply_to: [type: {:or, nil, :from}, default: nil, doc: "whom"],
    more: [type: :keyword, default: [], doc: "what is passed on"],
    data: [type: :term, default: [], doc: "what else"]
  ]

  defp new!(options), do: Options.new!([callback: &is_atom/1] ++ options, @schema, "a test")

  describe "new!/3" do
    test "gives all options, with their defaults" do
      assert %{size: 3, share: 50, callback: callback, keep: :all, data: []} = new!([])
      assert callback == (&is_atom/1)
      assert map_size(new!(size: 9)) == length(@schema)
    end

    test "takes every accepted shape" do
      for {key, value} <- [
            size: 1,
            share: 0,
            share: 100,
            mode: :quick,
            keep: 1,
            keep: :all,
            callback: {Kernel, :is_atom, []},
            name: :name,
            name: {:global, "name"},
            name: {:via, Registry, {MyRegistry, 1}},
            worker: Worker,
            checked: false,
            path: "ü",
            reply_to: {self(), [:alias | make_ref()]},
            more: [size: 1],
            data: %{}
          ] do
        assert Map.fetch!(
                 Options.new!([{key, value}] ++ [callback: &is_atom/1], @schema, "a test"),
                 key
               ) == value
      end
    end

    test "names the key, the value and the accepted shape of a wrong option" do
      for {key, value} <- [
            size: 0,
            size: 1.0,
            share: 101,
            mode: nil,
            keep: :none,
            callback: &is_map_key/2,
            callback: {Kernel, "is_atom", []},
            name: "name",
            name: {:via, "module", 1},
            worker: nil,
            worker: "worker",
            checked: 1,
            path: "",
            path: <<255>>,
            path: :path,
            reply_to: self(),
            more: %{}
          ] do
        error = assert_raise ArgumentError, fn -> new!([{key, value}]) end
        assert error.message =~ "the option #{inspect(key)} of a test is "
        assert error.message =~ "got: #{inspect(value)}"
      end
    end

    test "names an unknown option and those there are, and what is missing" do
      error = assert_raise ArgumentError, fn -> new!(sizes: 1) end
      assert error.message =~ "unknown option :sizes for a test; the options are :size, :share"

      assert_raise ArgumentError, ~r/:callback of a test is missing/, fn ->
        Options.new!([], @schema, "a test")
      end

      assert_raise ArgumentError, ~r/keyword list, got: %{}/, fn ->
        Options.new!(%{}, @schema, "a test")
      end
    end
  end

  describe "docs/1" do
    test "tells of every option what it is, what it may be and what it is by default" do
      docs = Options.docs(@schema)
      for key <- Keyword.keys(@schema), do: assert(docs =~ "  * `:#{key}` - ")
      assert docs =~ "how many are kept. An integer of 1 or more, or :all; default `:all`."
      assert docs =~ "required."
    end
  end
end
