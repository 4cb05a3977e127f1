defmodule Cantilever.Nif do
  @moduledoc """
  Builds a Rust crate when its Elixir module is compiled, or fetches its library, and loads it.

      defmodule MyApp.Native do
        use Cantilever.Nif, otp_app: :my_app, crate: "my_app_native"

        def add(_a, _b), do: :erlang.nif_error(:nif_not_loaded)
      end

  with the crate in `native/my_app_native`, a library with `crate-type = ["cdylib"]`:

      #[cantilever::nif]
      fn add(a: i64, b: i64) -> i64 {
          a + b
      }

      cantilever::init!("Elixir.MyApp.Native");

  Now `MyApp.Native.add(1, 2)` is `3`. Each function of the crate needs a stub in the module and each stub a
  function in the crate; a difference is a compile error that lists all of them. Functions of plain
  `#[rustler::nif]` work beside those of the kit.

  The kit also loads the library, so the dependency must be there at run time: without `runtime: false` in `mix.exs`.

  ## Options

  They may also come from the application's configuration, `config :my_app, MyApp.Native, mode: :debug`, which
  wins over `use`.

  #{Cantilever.Nif.Options.docs()}

  ## When cargo runs

  When the module is compiled and something that goes into the library changed: a source of the crate or of its
  path dependencies, a file that they include, a manifest, the lock file, cargo's settings, the toolchain file
  or the options. What counts is content, not time, so touching a file or restoring a build directory in
  continuous integration builds nothing. An update of Rust itself builds nothing either: `mix compile --force`
  after removing the library, or `mix clean`, does.

  Cargo builds beneath Mix's build path, or in `CARGO_TARGET_DIR` if that is set.

  > #### One module for each library {: .info}
  >
  > A library carries the name of its module, so two modules can share a crate only if they build it with
  > different features, of which one changes that name. The library is installed beside the application's beam
  > files as `lib<crate>-<hash of its content>`, and those that no module uses any more are removed.

  ## Precompiled artifacts

  With `:base_url` and `:version`, whoever uses the package needs no Rust: compiling the module fetches the library for
  their system instead.

      use Cantilever.Nif,
        otp_app: :my_app,
        crate: "my_app_native",
        base_url: "https://github.com/me/my_app/releases/download/v0.1.0",
        version: "0.1.0"

  Names, archives and the checksum file are those of `RustlerPrecompiled`, so artifacts that its tools made work here,
  and those of `mix cantilever.precompile` there. `mix cantilever.checksum` writes the checksum file, which belongs into
  the package.

  The target is found by looking at the running VM, and the newest NIF version that it can load is taken from the
  checksum file. Where that file tells which glibc a library needs, it is compared before anything is downloaded. The
  archive comes from the cache, from the folder that `CANTILEVER_ARTIFACTS` names, or from the first mirror that gives
  it, and nothing that the checksum file does not vouch for is unpacked or loaded.

  When an artifact cannot be had, the crate is built from source if cargo and the crate are there, with a line that says
  why. When one is not what was published, compiling fails, with or without cargo.

  These environment variables count while the module is compiled:

  | variable | what |
  |---|---|
  | `CANTILEVER_BUILD` | `1` builds from source |
  | `CANTILEVER_ARTIFACTS` | a folder with archives, or with libraries that have entries of their own in the checksum file; for machines without a network |
  | `CANTILEVER_CACHE` | the folder for what was downloaded, instead of one in the user's cache; after it counts `RUSTLER_PRECOMPILED_GLOBAL_CACHE_PATH` |
  | `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` | proxies, as `http://user:password@host:port`, and the hosts that need none |
  | `HEX_CACERTS_PATH`, `SSL_CERT_FILE` | certificates to trust, in a PEM file, instead of the system's |
  | `TARGET_ARCH`, `TARGET_VENDOR`, `TARGET_OS`, `TARGET_ABI` | the system that a cross build is for, as Nerves sets them. The library is then not loaded while compiling |
  | `RUSTLER_PRECOMPILED_FORCE_BUILD_ALL` | `1` or `true` builds from source, as does `config :rustler_precompiled, force_build_all: true`, or `force_build: [my_app: true]` for one application |

  ## When the library is loaded

  When the module is, and thus also right after it was compiled, so that a library that does not load fails the
  compilation. In a cross build (the option `:target`, or `MIX_TARGET`) and with `:load_data_fun` it is not
  loaded at that time. Nothing is purged that a process still runs.
  """

  alias Cantilever.Nif.{Build, Info, Loader, Options, Precompiled, Probe, Stubs, Upgrade}

  @doc """
  Builds the crate and makes the calling module load it. The module's documentation lists the options.
  """
  @spec __using__(keyword()) :: Macro.t()
  defmacro __using__(opts) do
    quote bind_quoted: [opts: opts] do
      otp_app = Cantilever.Nif.Options.otp_app!(__MODULE__, opts)
      config = Application.compile_env(otp_app, __MODULE__, [])

      forcing = [
        force_build_all: Application.compile_env(:rustler_precompiled, :force_build_all, nil),
        force_build: Application.compile_env(:rustler_precompiled, [:force_build, otp_app], nil)
      ]

      for resource <- Cantilever.Nif.__build__(__MODULE__, opts, config, forcing) do
        @external_resource resource
      end

      @before_compile Cantilever.Nif
      @after_compile Cantilever.Nif
    end
  end

  @doc """
  Loads a new version of a module's library into the running node, beside the old one.

      {:ok, upgrade} = Cantilever.Nif.upgrade(MyApp.Native)
      upgrade.to.version
      #=> "0.2.0"
      upgrade.running
      #=> [{#PID<0.412.0>, {MyApp.Native, :render, 1}}]

  Calls that are in flight go on in the old library, and new ones go to the new one. None fails, and no process is
  killed. Should the new library not load, for whatever reason, the old one goes on.

  What is loaded:

    * in a Mix project, such as under `iex -S mix`: the project is compiled first, by a Mix of its own, so that this
      node keeps the code that it runs. Then what that has made of the module is loaded
    * elsewhere, such as in a release: the module's beam file, as it is on the disk now, with the library that
      belongs to it
    * with `:library`: the module as it is, with that library, which is copied beside the one that is loaded now under
      a name with its hash. It holds until the node ends, or is upgraded again

  The VM keeps one old version of a module. So if the one from before the last upgrade is still running somewhere,
  this waits until nobody does.

  ## Options

    * `:library` - the file of a library built from the same crate
    * `:compile` - whether to compile the Mix project first. Default: where there is one, and `:library` is not given
    * `:max_builds` - how many builds of the library this node may have loaded, or `:infinity`: each stays in its memory
      until the node ends. Default: 100
    * `:timeout` - how long to wait, in ms or `:infinity`, for processes to leave the code from before the last
      upgrade, and for an upgrade that is under way. Default: 30000

  It runs in a process of its own, which goes on loading if the caller is killed, and stops waiting.

  Returns `{:ok, upgrade}` with a `Cantilever.Nif.Upgrade`, `{:ok, :unchanged}` where there is nothing new, or
  `{:error, error}` with a `Cantilever.Nif.UpgradeError`. Raises an `ArgumentError` for an option that is unknown or
  wrong.

  What handles of the old library are to the new one: see `Cantilever.StaleHandle`. The library's `load` function is
  called for the new one, with its own statics: whatever state the old one kept in a `static` stays there.
  """
  @spec upgrade(module(), keyword()) ::
          {:ok, Upgrade.t()} | {:ok, :unchanged} | {:error, Cantilever.Nif.UpgradeError.t()}
  defdelegate upgrade(module, opts \\ []), to: Upgrade, as: :run

  @doc """
  What is known of the library that a module has loaded, as a `Cantilever.Nif.Info`.

      Cantilever.Nif.info(MyApp.Native).version
      #=> "0.2.0"

  Raises an `ArgumentError` if the module does not `use Cantilever.Nif` or is not loaded.
  """
  @spec info(module()) :: Info.t()
  def info(module) do
    case Info.of(module) do
      {:ok, info} -> info
      {:error, reason} -> raise ArgumentError, reason
    end
  end

  @doc false
  @spec __build__(module(), keyword(), keyword(), Options.forcing()) :: [Path.t()]
  def __build__(module, opts, config, forcing) do
    build = Build.run!(module, Options.new!(module, opts, config, forcing))
    Module.put_attribute(module, :__cantilever_build__, build)
    build.resources
  end

  @doc false
  @spec __before_compile__(Macro.Env.t()) :: Macro.t()
  defmacro __before_compile__(env) do
    build = Module.get_attribute(env.module, :__cantilever_build__)
    definitions = Stubs.definitions(env.module)
    compare!(build, definitions, env)
    if loaded_now?(build), do: Loader.expect_failure(env.module)

    quote do
      unquote(autoload(build))
      @on_load :__cantilever_load__

      # For whoever has the beam file only.
      Module.register_attribute(__MODULE__, :cantilever_location, persist: true)
      @cantilever_location unquote(build.location)

      @doc false
      @spec __cantilever__(:location) :: {atom(), Path.t()}
      def __cantilever__(:location), do: unquote(build.location)

      @doc false
      @spec __cantilever_builds__([Path.t()]) :: {tuple(), [tuple() | nil], [tuple()], tuple()}
      def __cantilever_builds__(_paths), do: :erlang.nif_error(:nif_not_loaded)

      defp __cantilever_load__ do
        load_data = unquote(load_data(build.options))

        with {:ok, path, load_data} <-
               Cantilever.Nif.Loader.prepare(
                 __MODULE__,
                 unquote(build.location),
                 unquote(kit?(build)),
                 load_data
               ) do
          result = :erlang.load_nif(path, load_data)

          if Cantilever.Nif.Loader.retry?(__MODULE__, result) do
            Cantilever.Nif.Loader.finish(__MODULE__, path, :erlang.load_nif(path, load_data))
          else
            Cantilever.Nif.Loader.finish(__MODULE__, path, result)
          end
        end
      end
    end
  end

  @doc false
  @spec __after_compile__(Macro.Env.t(), binary()) :: :ok
  def __after_compile__(env, _bytecode) do
    build = Module.get_attribute(env.module, :__cantilever_build__)

    if message = loaded_now?(build) && Loader.take_failure(env.module) do
      # Whatever is wrong with the library, the next compilation is to ask cargo for it again.
      Build.forget(env.module)
      description = message <> advice(build)
      raise CompileError, file: env.file, line: env.line, description: description
    end

    Build.clear_unused(env.module, build)
  end

  defp advice(%Build{origin: :source}), do: ""
  defp advice(build), do: " " <> Precompiled.advice(build.options.crate) <> "."

  # A library that is not the kit's is plain rustler's, which is content with stubs that have no function in
  # the library; such a project must go on compiling.
  defp compare!(%Build{library: %{kit?: true, functions: functions}} = build, definitions, env) do
    native = for {name, arity, _schedule} <- functions, do: {name, arity}
    difference = Stubs.difference(definitions, native)
    untraced = untraced(build, env.module, definitions, native, difference)

    difference =
      if untraced == [], do: difference, else: Stubs.difference(definitions, native ++ untraced)

    if message = Stubs.message(difference, env.module, build.options.crate) do
      raise CompileError, file: env.file, line: env.line, description: message
    end
  end

  defp compare!(_build, _definitions, _env), do: :ok

  # Which functions the library has though it does not list them. Where it cannot be asked, the stubs get the
  # benefit of the doubt.
  defp untraced(_build, _module, _definitions, _native, %{unknown: [], arity: []}), do: []

  defp untraced(build, module, definitions, native, _difference) do
    functions = Enum.uniq(definitions.all ++ native)

    with true <- loaded_now?(build),
         {:ok, loaded} <-
           Probe.functions(module, functions, build.file, Loader.wrap(build.options.load_data)) do
      loaded -- native
    else
      _unknown -> definitions.stubs -- native
    end
  end

  defp loaded_now?(build),
    do: build.library != nil and build.options.load_data_fun == nil and Build.for_host?(build)

  # Elixir has loaded modules right after their compilation, and has stopped doing so in later versions.
  # The library is to be tried then, but never where it cannot work, or where what computes its load data may
  # not be there yet.
  defp autoload(build), do: quote(do: @compile({:autoload, unquote(loaded_now?(build))}))

  defp kit?(%Build{library: nil}), do: nil
  defp kit?(%Build{library: library}), do: library.kit?

  defp load_data(%Options{load_data_fun: {module, function}}),
    do: quote(do: apply(unquote(module), unquote(function), []))

  defp load_data(%Options{load_data: load_data}), do: Macro.escape(load_data)
end
