defmodule Cantilever.DataProcessor.OptionsTest do
  use ExUnit.Case, async: true

  alias Cantilever.DataProcessor.Options

  describe "new!/1" do
    test "has the documented defaults" do
      assert Options.new!([]) == %Options{
               max_concurrency: System.schedulers_online(),
               timeout: 5_000,
               ordered: true,
               chunk_size: :auto,
               retries: 0,
               on_progress: nil
             }
    end

    test "takes every accepted shape" do
      for {key, value} <- [
            max_concurrency: 1,
            timeout: :infinity,
            timeout: 1,
            timeout: 4_294_967_295,
            ordered: false,
            chunk_size: 9,
            retries: 3,
            on_progress: :bar,
            on_progress: {:bar, :stderr},
            on_progress: &Function.identity/1
          ] do
        assert Map.fetch!(Options.new!([{key, value}]), key) == value
      end
    end

    test "names the key, the value and the accepted shape of a wrong option" do
      for {key, value} <- [
            max_concurrency: 0,
            timeout: 0,
            timeout: 1.5,
            timeout: 4_294_967_296,
            timeout: 10 ** 16,
            ordered: nil,
            chunk_size: 0,
            chunk_size: :large,
            retries: -1,
            on_progress: fn -> :ok end,
            on_progress: "bar"
          ] do
        error = assert_raise ArgumentError, fn -> Options.new!([{key, value}]) end
        assert error.message =~ inspect(key)
        assert error.message =~ inspect(value)
        assert error.message =~ "must be"
      end
    end

    test "names an unknown option and those there are, and wants a keyword list" do
      error = assert_raise ArgumentError, fn -> Options.new!(concurrency: 3) end
      assert error.message =~ "unknown option :concurrency"
      assert error.message =~ ":max_concurrency, :timeout"
      assert_raise ArgumentError, ~r/keyword list, got: %{}/, fn -> Options.new!(%{}) end
    end
  end

  describe "docs/0" do
    test "tells of every option" do
      for key <- Map.keys(Options.new!([])) -- [:__struct__] do
        assert Options.docs() =~ "  * `:#{key}` - "
      end
    end
  end
end
