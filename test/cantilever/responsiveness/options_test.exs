defmodule Cantilever.Responsiveness.OptionsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.Options

  describe "new!/2" do
    test "has defaults" do
      concurrency = 2 * System.schedulers_online()

      assert %Options{
               concurrency: ^concurrency,
               duration: 1_000,
               rounds: 3,
               max_hold_ms: 1,
               max_p99_ratio: 3.0,
               priority: :normal
             } = Options.new!([], :measure)

      assert %Options{max_hold_ms: 1, runs: 5} = Options.new!([], :assert)
    end

    test "takes what is right" do
      options = [
        concurrency: 1,
        duration: 5,
        rounds: 2,
        max_hold_ms: 3,
        max_p99_ratio: 2,
        priority: :low
      ]

      assert Map.take(Options.new!(options, :measure), Keyword.keys(options)) == Map.new(options)
      assert %Options{on_progress: progress} = Options.new!([on_progress: &inspect/1], :measure)
      assert is_function(progress, 1)
    end

    test "names what is wrong, and what it must be" do
      for {option, expected} <- [
            {{:concurrency, 0},
             "the option :concurrency of a measurement must be an integer, from 1 to 10000, got: 0"},
            {{:concurrency, 1_000_000},
             "the option :concurrency of a measurement must be an integer, from 1 to 10000, got: 1000000"},
            {{:duration, 1.5},
             "the option :duration of a measurement must be an integer of milliseconds, from 1 to 3600000, got: 1.5"},
            {{:duration, 5_000_000_000},
             "the option :duration of a measurement must be an integer of milliseconds, from 1 to 3600000, got: 5000000000"},
            {{:rounds, nil},
             "the option :rounds of a measurement must be an integer, 1 or more, got: nil"},
            {{:max_p99_ratio, 0.5},
             "the option :max_p99_ratio of a measurement must be a number, 1 or more, got: 0.5"},
            {{:timeout, 0},
             "the option :timeout of a measurement must be an integer of milliseconds, from 1 to 86400000, or :infinity, got: 0"},
            {{:priority, :high},
             "the option :priority of a measurement must be :normal or :low, got: :high"},
            {{:on_progress, fn -> :ok end},
             "the option :on_progress of a measurement must be a function of one argument, or nil, got: #Function"}
          ] do
        error = assert_raise ArgumentError, fn -> Options.new!([option], :measure) end
        assert error.message =~ expected
      end
    end

    test "names the unknown ones, which differ with the purpose" do
      assert_raise ArgumentError,
                   ~r/unknown option :speed .* :concurrency, :duration, :priority, :rounds/,
                   fn ->
                     Options.new!([speed: 1], :measure)
                   end

      assert_raise ArgumentError,
                   ~r/unknown option :rounds .* are :concurrency, :duration, :priority, :timeout$/,
                   fn ->
                     Options.new!([rounds: 1], :sample)
                   end

      assert_raise ArgumentError, ~r/unknown option :duration .* are :max_hold_ms, :runs$/, fn ->
        Options.new!([duration: 1], :assert)
      end

      assert_raise ArgumentError, ~r/must be a keyword list, got: %{}/, fn ->
        Options.new!(%{}, :sample)
      end
    end
  end

  describe "docs/1" do
    test "lists every option" do
      assert Options.docs(:assert) =~ ~r/\* `:max_hold_ms` - .*\n  \* `:runs` - /
    end

    test "says what each must be, and the default that it has" do
      for purpose <- [:measure, :sample, :assert],
          line <- String.split(Options.docs(purpose), "\n") do
        assert [_line, key, shape, default] =
                 Regex.run(~r/^  \* `:(\w+)` - .+\. (.+); default `(.+)`\.$/, line)

        key = String.to_existing_atom(key)
        assert shape == String.capitalize(Options.shape(key, :elixir))
        {value, _binding} = Code.eval_string(default)
        assert value === Map.fetch!(Options.new!([], purpose), key)
        assert Options.valid?(key, value)
      end
    end
  end
end
