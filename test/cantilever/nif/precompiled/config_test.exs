defmodule Cantilever.Nif.Precompiled.ConfigTest do
  use ExUnit.Case, async: true

  alias Cantilever.Nif.Precompiled.Config

  # The project of these tests is the kit's own, whose version is what `Mix.Project.config()[:version]` gives.
  @version Mix.Project.config()[:version]

  setup %{test: test} do
    dir =
      Path.join(System.tmp_dir!(), "cantilever [config] #{System.pid()} #{:erlang.phash2(test)}")

    on_exit(fn -> File.rm_rf!(dir) end)
    File.mkdir_p!(Path.join(dir, "lib/my_app"))
    %{dir: dir}
  end

  defp write(dir, text), do: File.write!(Path.join(dir, "lib/my_app/native.ex"), text)

  # A module with these lines before and in its `use`.
  defp read(dir, options, before \\ "", flags \\ []) do
    write(dir, """
    defmodule MyApp.Native do
      #{before}
      use Cantilever.Nif, #{options}
    end
    """)

    Config.from_source(MyApp.Native, dir, flags)
  end

  describe "from_source/3" do
    test "fills in what rustler_precompiled would", %{dir: dir} do
      assert {:ok, config} = read(dir, ~s(otp_app: :my_app, version: "1.2.0"))

      assert %Config{
               module: MyApp.Native,
               file: "lib/my_app/native.ex",
               otp_app: :my_app,
               basename: "my_app",
               version: "1.2.0",
               nif_versions: ["2.15"],
               mirrors: [],
               build: {:ok, []}
             } = config

      assert config.variants == %{}
      assert length(config.targets) == 10
      assert "riscv64gc-unknown-linux-gnu" in config.targets
    end

    test "reads literals, attributes, variables and what is joined of them", %{dir: dir} do
      before = """
      @moduledoc "Version \#{Mix.Project.config()[:version]}"
      project = Mix.Project.config()
      version = project[:version]
      github = "https://github.com/me"
      @targets ~w(x86_64-unknown-linux-gnu aarch64-apple-darwin)
      @more @targets ++ ["x86_64-pc-windows-msvc" | ~w(x86_64-apple-darwin)]
      legacy = [legacy_cpu: fn -> System.halt() end, old_glibc: &__MODULE__.old?/1]
      """

      options = """
      otp_app: :my_app,
      crate: :my_crate,
      version: version,
      base_url: github <> "/my_app/releases/v\#{version}/\#{1}",
      targets: Enum.uniq(@more ++ @targets),
      nif_versions: ~w(2.15 2.16),
      variants: %{"x86_64-unknown-linux-gnu" => legacy, "aarch64-apple-darwin" => []},
      features: ["fast"],
      load_data: some_function(1),
      force_build: System.get_env("MY_BUILD") in ["1", "true"]
      """

      assert {:ok, config} = read(dir, options, before)
      assert config.version == @version
      assert config.basename == "my_crate"
      assert config.mirrors == [url: {"https://github.com/me/my_app/releases/v#{@version}/1", []}]

      assert config.targets ==
               ~w(x86_64-unknown-linux-gnu aarch64-apple-darwin x86_64-pc-windows-msvc x86_64-apple-darwin)

      assert config.nif_versions == ["2.15", "2.16"]

      assert config.variants == %{
               "x86_64-unknown-linux-gnu" => ["legacy_cpu", "old_glibc"],
               "aarch64-apple-darwin" => []
             }

      assert config.build == {:ok, crate: :my_crate, features: ["fast"]}
    end

    test "reads the usual ways to say a version", %{dir: dir} do
      for {before, version} <- [
            {"", "Mix.Project.config()[:version]"},
            {"@version Mix.Project.config()[:version]", "@version"},
            {"version = Mix.Project.config()[:version]", "version"},
            {"", "Keyword.fetch!(Mix.Project.config(), :version)"},
            {"", "Mix.Project.config() |> Keyword.get(:version)"},
            {"", ~s|System.get_env("CANTILEVER_NO_SUCH_VARIABLE") \|\| "#{@version}"|}
          ] do
        assert {:ok, %Config{version: @version}} =
                 read(dir, "otp_app: :my_app, version: #{version}", before)
      end
    end

    test "takes what was bound before, not what is bound later", %{dir: dir} do
      before = ~s(@v "1.0.0"\n@w @v\n@v "2.0.0"\n@v "\#{@v}-rc.1")
      assert {:ok, %Config{version: "1.0.0"}} = read(dir, "otp_app: :a, version: @w", before)
      assert {:ok, %Config{version: "2.0.0-rc.1"}} = read(dir, "otp_app: :a, version: @v", before)
    end

    test "takes mirrors with headers, and leaves out functions", %{dir: dir} do
      url =
        ~s([{"https://a", [{"authorization", "Bearer x"}, {'accept', 'y'}]}, {M, :f}, "https://b"])

      assert {:ok, config} = read(dir, ~s(otp_app: :a, version: "1.0.0", base_url: #{url}))

      assert Config.urls(config, "x.tar.gz") ==
               {:ok,
                [
                  {"https://a/x.tar.gz", [{"authorization", "Bearer x"}, {"accept", "y"}]},
                  {"https://b/x.tar.gz", []}
                ]}

      assert [{:url, _}, {:unasked, "the function M.f/1, which is not called"}, {:url, _}] =
               config.mirrors

      for url <- ["{M, :f}", "my_url()", "nil"] do
        assert {:ok, config} = read(dir, ~s(otp_app: :a, version: "1.0.0", base_url: #{url}))
        assert {:error, message} = Config.urls(config, "x.tar.gz")
        assert message =~ "no option :base_url that can be read"
        assert message =~ "--base-url"
      end
    end

    test "takes all options from one name", %{dir: dir} do
      before = ~s(@options [otp_app: :my_app, version: "1.0.0"])

      write(dir, """
      defmodule MyApp.Native do
        #{before}
        use Cantilever.Nif, @options
      end
      """)

      assert {:ok, %Config{version: "1.0.0"}} = Config.from_source(MyApp.Native, dir)
    end

    test "finds the module wherever it is defined", %{dir: dir} do
      native = ~s(use RustlerPrecompiled, otp_app: :my_app, version: "1.0.0")

      for text <- [
            "defmodule Other do\nend\ndefmodule MyApp.Native do\n#{native}\nend",
            "defmodule MyApp do\n@x 1\ndefmodule Native do\n#{native}\nend\nend",
            "defmodule MyApp do\ndefmodule __MODULE__.Native do\n#{native}\nend\nend",
            "defmodule MyApp.Native do\n@moduledoc \"use RustlerPrecompiled\"\nuse Other\n#{native}\nend"
          ] do
        write(dir, text)
        assert {:ok, %Config{version: "1.0.0"}} = Config.from_source(MyApp.Native, dir)
      end
    end

    test "puts flags above what is declared or cannot be read", %{dir: dir} do
      flags = [
        version: "3.0.0",
        targets: ["x86_64-unknown-linux-gnu"],
        nif_versions: ["2.17"],
        base_url: ["https://a", "https://b"]
      ]

      options =
        "otp_app: :a, version: f(), targets: g(), nif_versions: h(), base_url: i(), variants: %{}"

      assert {:ok, config} = read(dir, options, "", flags)
      assert config.version == "3.0.0"
      assert config.targets == ["x86_64-unknown-linux-gnu"]
      assert config.nif_versions == ["2.17"]
      assert config.mirrors == [url: {"https://a", []}, url: {"https://b", []}]
    end

    test "puts the application's configuration between both", %{dir: dir} do
      app = :"cantilever_config_test_#{System.unique_integer([:positive])}"
      Application.put_env(app, MyApp.Native, version: "4.0.0", features: ["x"])
      options = ~s(otp_app: #{inspect(app)}, version: "1.0.0")
      assert {:ok, config} = read(dir, options)
      assert config.version == "4.0.0"
      assert config.build == {:ok, features: ["x"]}
      assert {:ok, %Config{version: "5.0.0"}} = read(dir, options, "", version: "5.0.0")
    end

    test "refuses a configuration that is no keyword list, and does not show it", %{dir: dir} do
      app = :"cantilever_config_test_#{System.unique_integer([:positive])}"
      Application.put_env(app, MyApp.Native, %{base_url: "s3cret"})
      assert {:error, message} = read(dir, ~s(otp_app: #{inspect(app)}, version: "1.0.0"))

      assert message =~
               "the configuration of MyApp.Native in the application #{inspect(app)} is no"

      refute message =~ "s3cret"
    end

    test "names the option that cannot be read, and what helps", %{dir: dir} do
      for {options, problem, remedy} <- [
            {"otp_app: :a, version: version()", "the option :version cannot be read",
             "pass --version"},
            {"otp_app: :a, version: @version", "because of `@version`", "pass --version"},
            {"otp_app: :a, version: vsn", "because of `vsn`", "pass --version"},
            {~S|otp_app: :a, version: "1.#{f(2)}"|, "because of `f(2)`", "pass --version"},
            {~S(otp_app: :a, version: <<49, 46>>), "because of `<<49, 46>>`", "pass --version"},
            {"otp_app: :a, version: File.read!(\"V\")", ~S|`File.read!("V")`|, "pass --version"},
            {"otp_app: :a", "has no option :version", "pass --version"},
            {"otp_app: :a, version: \"1.0\"", "invalid value for the option :version: \"1.0\"",
             "pass --version"},
            {"otp_app: :a, version: \"1.0.0\", targets: targets()", "the option :targets",
             "pass --targets"},
            {"otp_app: :a, version: \"1.0.0\", targets: []", "value for the option :targets: []",
             "pass --targets"},
            {"otp_app: :a, version: \"1.0.0\", targets: [\"../x\"]", "option :targets",
             "--targets"},
            {"otp_app: :a, version: \"1.0.0\", nif_versions: [2.15]",
             "option :nif_versions: [2.15]", "pass --nif-versions"},
            {"otp_app: :a, version: \"1.0.0\", variants: v()", "the option :variants",
             "Write a map"},
            {"otp_app: :a, version: \"1.0.0\", variants: [a: 1]", "the option :variants",
             "a map"},
            {"otp_app: :a, version: \"1.0.0\", crate: \"../x\"", "the option :crate",
             "a literal"},
            {"otp_app: app(), version: \"1.0.0\"", "the option :otp_app cannot be read",
             "a literal"},
            {"version: \"1.0.0\"", "has no option :otp_app", "a literal"},
            {"otp_app: :a, version: String.upcase([1 | 2])", "the option :version", "--version"}
          ] do
        assert {:error, message} = read(dir, options)
        assert message =~ "lib/my_app/native.ex:3: MyApp.Native"
        assert message =~ problem
        assert message =~ remedy
      end
    end

    test "keeps what only a build needs for the build", %{dir: dir} do
      options = ~s|otp_app: :a, version: "1.0.0", env: env()|
      assert {:ok, %Config{build: {:error, message}}} = read(dir, options)
      assert message =~ "the option :env cannot be read"
    end

    test "runs nothing of the project", %{dir: dir} do
      marker = Path.join(dir, "marker")
      before = ~s|File.write!(#{inspect(marker)}, "")\n  @v File.write!(#{inspect(marker)}, "")|
      assert {:ok, _config} = read(dir, ~s(otp_app: :a, version: "1.0.0", variants: %{}), before)
      assert {:error, _message} = read(dir, "otp_app: :a, version: @v", before)
      refute File.exists?(marker)
      refute Code.ensure_loaded?(MyApp.Native)
    end

    test "says where it looked in vain, and what is wrong with a source", %{dir: dir} do
      for text <- [
            "",
            "defmodule MyApp.Native do\nend",
            "defmodule MyApp.Native do\nuse Rustler, otp_app: :a\nend",
            "defmodule Native do\nuse Cantilever.Nif, otp_app: :a\nend"
          ] do
        write(dir, text)
        assert {:error, message} = Config.from_source(MyApp.Native, dir)

        assert message =~
                 "No `use Cantilever.Nif` and no `use RustlerPrecompiled` was found for MyApp.Native"

        assert message =~ dir
      end

      write(dir, "defmodule MyApp.Native do\n  use Cantilever.Nif, otp_app: :a,,\nend")
      assert {:error, message} = Config.from_source(MyApp.Native, dir)
      assert message =~ "lib/my_app/native.ex:2: the syntax is wrong"

      File.write!(Path.join(dir, "lib/other.ex"), "defmodule Other.Native do\n  use X,,\nend")
      assert {:error, _message} = Config.from_source(MyApp.Native, dir)
    end
  end
end
