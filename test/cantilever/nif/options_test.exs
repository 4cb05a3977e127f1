defmodule Cantilever.Nif.OptionsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Options

  defp new(opts, config \\ []), do: Options.new!(My.Native, [otp_app: :my_app] ++ opts, config)

  defp message(fun), do: Exception.message(assert_raise(ArgumentError, fun))

  describe "new!/3" do
    test "takes the crate and its path from the application" do
      assert %Options{crate: "my_app", path: "native/my_app", mode: :release, load_from: nil} =
               new([])
    end

    test "takes the path from the crate, which may be an atom" do
      assert %Options{crate: "other", path: "native/other"} = new(crate: :other)
      assert %Options{crate: "other", path: "rust"} = new(crate: "other", path: "rust")
    end

    test "prefers the configuration" do
      assert %Options{mode: :debug, features: ["a"]} =
               new([mode: :release, features: ["a"]], mode: :debug)

      assert %Options{crate: "two", path: "native/two"} = new([crate: "one"], crate: "two")
    end

    test "expects a library from elsewhere in priv" do
      assert %Options{load_from: {:my_app, "priv/native/my_app"}} = new(skip_compilation?: true)
      assert %Options{load_from: {:x, "y"}} = new(skip_compilation?: true, load_from: {:x, "y"})
    end

    test "names an unknown option and those that exist" do
      message = message(fn -> new([], feature: ["a"]) end)
      assert message =~ "My.Native: unknown option :feature in"

      for key <- Map.keys(%Options{otp_app: :a, crate: "a", path: "a"}) -- [:__struct__],
          do: assert(message =~ inspect(key))
    end

    for {key, value, accepted} <-
          [
            mode: {:fast, "`:release` or `:debug`"},
            crate: {1, "A string or an atom"},
            path: {:native, "A string"},
            features: {[:a], "A list of strings"},
            default_features: {1, "A boolean"},
            env: {[{:CC, "clang"}], "A list such as `[{\"CC\", \"clang\"}]`"},
            target: {:arm, "A string or `nil`"},
            cargo: {"cargo", "`:system`"},
            load_data_fun: {"fun", "`{Module, :function}` or `nil`"},
            load_from: {"priv", "`{:my_app, \"priv/native/name\"}` or `nil`"},
            skip_compilation?: {nil, "A boolean"},
            version: {"1", "A version such as"},
            targets: {[], "A list such as `[\"x86_64-unknown-linux-gnu\"]`"},
            nif_versions: {["2"], "A list such as `[\"2.15\"]`"},
            variants: {%{"x86_64-unknown-linux-gnu" => [:old]}, "A map such as"},
            force_build: {"yes", "A boolean or `nil`"},
            max_retries: {16, "A number from 0 to 15"}
          ]
          |> Enum.map(fn {key, {value, accepted}} -> {key, value, accepted} end) do
      test "says what #{key} accepts" do
        message = message(fn -> new([{unquote(key), unquote(Macro.escape(value))}]) end)

        assert message =~
                 "My.Native: invalid value for the option #{unquote(inspect(key))}: #{unquote(inspect(value))}"

        assert message =~ "Accepted: #{unquote(accepted)}"
      end
    end

    test "accepts every way to name a cargo" do
      for cargo <- [
            :system,
            {:system, "+nightly"},
            {:rustup, :stable},
            {:rustup, "1.95.0"},
            {:bin, "/bin/cargo"}
          ] do
        assert %Options{cargo: ^cargo} = new(cargo: cargo)
      end
    end

    test "refuses load data from two sources, one of which may be the configuration" do
      message = message(fn -> new([load_data: 1], load_data_fun: {M, :f}) end)
      assert message =~ "load_data: 1 and load_data_fun: {M, :f} exclude each other"
      assert %Options{load_data_fun: {M, :f}} = new([load_data: 0], load_data_fun: {M, :f})
    end

    test "takes all that tells of artifacts, with rustler_precompiled's defaults" do
      assert %Options{
               base_url: nil,
               version: nil,
               variants: %{},
               force_build: false,
               max_retries: 3
             } = options = new([])

      assert options.nif_versions == ["2.15"]
      assert "aarch64-unknown-linux-musl" in options.targets
      variants = %{"a-b-c" => [one: fn -> true end, two: fn _config -> true end]}

      assert %Options{variants: ^variants, max_retries: 0, targets: ["a-b-c"]} =
               new(variants: variants, max_retries: 0, targets: ["a-b-c"])
    end

    test "builds from source only where a configuration says true" do
      for {all, force?} <- [{true, true}, {false, false}, {"true", false}] do
        forcing = [force_build_all: all, force_build: nil]
        assert %{force_build: ^force?} = Options.new!(My.Native, [otp_app: :my_app], [], forcing)
      end
    end

    test "wants a version and a place for artifacts together" do
      assert message(fn -> new(base_url: "https://a.example") end) =~
               "the option :base_url needs the option :version beside it"

      assert message(fn -> new(version: "1.0.0") end) =~ "needs the option :base_url beside it"
      assert %Options{version: "1.0.0"} = new([version: "1.0.0"], base_url: "https://a.example")
    end

    test "shows nothing of what :base_url holds" do
      url = "https://user:s3cret@a.example?sig=s3cret"

      for {value, said} <- [
            {"s3cret", "option :base_url: its URL is none that starts with http"},
            {[url, {url, [{"authorization", "Bearer s3cret\n"}]}],
             "mirror 2: the value of its header \"authorization\" has a line break"},
            {{url, [{"a", "s3cret"}, {"authorization", nil}]},
             "the value of its header \"authorization\" is nil"},
            {{url, [{"authorization", [:s3cret]}]}, "header \"authorization\" is no string"},
            {{url, [{"authorization: s3cret", ""}]}, "the name of its header 1 is none"},
            {{url, ["s3cret"]}, "its header 1 is no pair of strings"},
            {{url, %{"a" => "s3cret"}}, "its headers are no list"},
            {[url, :s3cret], "mirror 2: it is neither a URL nor a pair"},
            {[url | "s3cret"], "the list does not end"}
          ] do
        message = message(fn -> new(base_url: value, version: "1.0.0") end)
        assert message =~ said
        assert message =~ "Accepted: A URL, `{url, headers}`"
        refute message =~ "s3cret"
      end

      for {opts, config} <- [
            {[base_url: url], []},
            {[base_urls: url, version: "1.0.0"], []},
            {[], %{base_url: url}},
            {[], [{"base_url", url}]}
          ],
          do: refute(message(fn -> new(opts, config) end) =~ "s3cret")
    end

    test "refuses options that are no keyword list" do
      assert message(fn -> new([], %{mode: :debug}) end) =~
               "its configuration needs a keyword list"
    end
  end

  describe "otp_app!/2" do
    test "requires the application" do
      assert message(fn -> Options.otp_app!(My.Native, []) end) =~ "needs the option :otp_app"
      assert message(fn -> Options.otp_app!(My.Native, otp_app: "a") end) =~ "Accepted: An atom"
    end
  end

  describe "docs/0" do
    test "lists every option once" do
      keys =
        for [_, key] <- Regex.scan(~r/^  \* `:(\S+)` - /m, Options.docs()),
            do: String.to_atom(key)

      assert Enum.sort(keys) ==
               %Options{otp_app: :a, crate: "a", path: "a"}
               |> Map.from_struct()
               |> Map.keys()
               |> Enum.sort()
    end
  end
end
