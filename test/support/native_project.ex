defmodule Cantilever.NativeProject do
  @moduledoc false
  # Temporary Mix projects with a real crate that needs no other crate: it speaks the VM's interface by hand.
  # Mix runs in a process of its own, and a cargo that comes first in PATH logs each start before the real one.

  @root File.cwd!()

  @spec create(Path.t(), keyword()) :: Path.t()
  def create(dir, opts \\ []) do
    app = Keyword.get(opts, :app, "my_app")
    crate = Keyword.get(opts, :crate, "tiny")
    module = Keyword.get(opts, :module, "Tiny")

    write(dir, "mix.exs", """
    defmodule #{Macro.camelize(app)}.MixProject do
      use Mix.Project

      def project do
        [app: :#{app}, version: "0.1.0", prune_code_paths: false, deps: #{Keyword.get(opts, :deps, "[]")}] ++
          #{Keyword.get(opts, :project, "[]")}
      end

      def application, do: [extra_applications: [:logger]]
    end
    """)

    native(dir, crate, module, opts)
    elixir(dir, app, crate, module, opts)
    dir
  end

  @spec elixir(Path.t(), String.t(), String.t(), String.t(), keyword()) :: :ok
  def elixir(dir, app, crate, module, opts \\ []) do
    stubs = Keyword.get(opts, :stubs, "def answer, do: :erlang.nif_error(:nif_not_loaded)")
    use_opts = Keyword.get(opts, :use, "")

    write(dir, "lib/#{Macro.underscore(module)}.ex", """
    defmodule #{module} do
      use Cantilever.Nif, otp_app: :#{app}, crate: #{inspect(crate)}#{use_opts}
      #{stubs}
    end
    """)
  end

  @spec native(Path.t(), String.t(), String.t(), keyword()) :: :ok
  def native(dir, crate, module, opts \\ []) do
    write(dir, "native/#{crate}/Cargo.toml", """
    [package]
    name = "#{crate}"
    version = "0.1.0"
    edition = "2021"

    [lib]
    name = "#{String.replace(crate, "-", "_")}_lib"
    crate-type = ["#{Keyword.get(opts, :crate_type, "cdylib")}"]

    [features]
    thousand = []
    second = []

    [dependencies]
    shared = { path = "../shared" }
    """)

    write(dir, "native/#{crate}/src/ten.txt", "10")
    write(dir, "native/#{crate}/src/lib.rs", source(module, opts))

    write(dir, "native/shared/Cargo.toml", """
    [package]
    name = "shared"
    version = "0.1.0"
    edition = "2021"
    """)

    write(dir, "native/shared/src/lib.rs", "pub fn one() -> i64 { 1 }\n")
  end

  # Writes a file, and says nothing about the time of it: see `age/1`.
  @spec write(Path.t(), Path.t(), iodata()) :: :ok
  def write(dir, path, content) do
    path = Path.join(dir, path)
    File.mkdir_p!(Path.dirname(path))
    File.write!(path, content)
  end

  @spec replace(Path.t(), Path.t(), String.t(), String.t()) :: :ok
  def replace(dir, path, from, to) do
    text = File.read!(Path.join(dir, path))
    true = String.contains?(text, from)
    write(dir, path, String.replace(text, from, to))
  end

  # Mix compares times in seconds: what a test changes after this is newer than all of the project. All of it gets one
  # time, or a second that ends meanwhile makes sources newer than what was built from them.
  @spec age(Path.t(), String.t()) :: :ok
  def age(dir, pattern \\ "**") do
    time = System.os_time(:second) - 3600

    for path <- Path.wildcard(Path.join(dir, pattern), match_dot: true), File.regular?(path) do
      File.touch!(path, time)
    end

    :ok
  end

  @spec mix(Path.t(), [String.t()], [{String.t(), String.t()}]) :: {String.t(), non_neg_integer()}
  def mix(dir, args, env \\ []) do
    bin = Path.join(dir, "bin")

    write(dir, "bin/cargo", """
    #!/bin/sh
    echo "$@" >> "#{dir}/cargo.log"
    exec "#{System.find_executable("cargo")}" "$@"
    """)

    File.chmod!(Path.join(bin, "cargo"), 0o755)

    System.cmd("mix", args,
      cd: dir,
      stderr_to_stdout: true,
      env:
        Map.to_list(
          Map.merge(
            %{
              "PATH" => bin <> ":" <> System.fetch_env!("PATH"),
              "ERL_LIBS" => Path.join(Mix.Project.build_path(), "lib"),
              "MIX_ENV" => "dev",
              "MIX_TARGET" => nil,
              "MIX_BUILD_PATH" => nil,
              "CARGO_TARGET_DIR" => nil
            },
            Map.new(env)
          )
        )
    )
  end

  # Runs an expression in the project, after Mix has compiled what it wants to.
  @spec eval(Path.t(), String.t(), [{String.t(), String.t()}]) :: {String.t(), non_neg_integer()}
  def eval(dir, expression, env \\ []), do: mix(dir, ["run", "-e", expression], env)

  @spec cargo_starts(Path.t()) :: [String.t()]
  def cargo_starts(dir) do
    case File.read(Path.join(dir, "cargo.log")) do
      {:ok, text} -> String.split(text, "\n", trim: true)
      {:error, :enoent} -> []
    end
  end

  @spec libraries(Path.t()) :: [Path.t()]
  def libraries(dir), do: Path.wildcard(Path.join(dir, "_build/*/lib/*/ebin/*.{so,dll}"))

  # A copy keeps the times of its files.
  @spec copy(Path.t(), Path.t()) :: Path.t()
  def copy(from, to) do
    File.mkdir_p!(Path.dirname(to))
    {_output, 0} = System.cmd("cp", ["-a", from, to])
    File.rm(Path.join(to, "cargo.log"))
    to
  end

  # The application as a dependency that holds nothing but what is tested here.
  @spec dependency(Path.t()) :: String.t()
  def dependency(dir) do
    write(dir, "mix.exs", """
    defmodule Cantilever.MixProject do
      use Mix.Project

      def project do
        [app: :cantilever, version: "0.1.0", elixirc_paths: #{inspect(paths())}]
      end

      def application, do: [extra_applications: [:crypto, :logger]]
    end
    """)

    "[{:cantilever, path: #{inspect(dir)}}]"
  end

  defp paths do
    for path <- ["nif", "nif.ex", "atomic_file.ex", "terminal_line.ex"],
        do: Path.join([@root, "lib/cantilever", path])
  end

  defp source(module, opts) do
    functions = Keyword.get(opts, :functions, [{"answer", 0}])
    traced = Keyword.get(opts, :traced, functions)

    trace =
      if(Keyword.get(opts, :init, false), do: "cantilever.init=1\\n", else: "") <>
        Enum.map_join(traced, fn {name, arity} -> "cantilever.nif=#{name}/#{arity} Normal\\n" end)

    entries =
      Enum.map_join(functions, ",\n    ", fn {name, arity} ->
        "Function { name: c\"#{name}\".as_ptr(), arity: #{arity}, code: answer, flags: 0 }"
      end)

    """
    use std::ffi::{c_char, c_int, c_long, c_uint, c_void};

    type Code = unsafe extern "C" fn(*mut c_void, c_int, *const usize) -> usize;
    type Load = unsafe extern "C" fn(*mut c_void, *mut *mut c_void, usize) -> c_int;

    #[repr(C)]
    pub struct Function { name: *const c_char, arity: c_uint, code: Code, flags: c_uint }

    #[repr(C)]
    pub struct Entry {
        major: c_int, minor: c_int, name: *const c_char, count: c_int, functions: *const Function,
        load: Option<Load>, reload: usize, upgrade: usize, unload: usize,
        variant: *const c_char, options: c_uint, resource_init_size: usize, oldest_vm: *const c_char,
    }

    pub struct Shared<T>(T);
    unsafe impl<T> Sync for Shared<T> {}

    // With a feature on, it is a library for another module.
    const NAME: &std::ffi::CStr = if cfg!(feature = "second") { c"Elixir.Second" } else { c"Elixir.#{module}" };

    extern "C" {
        fn enif_make_long(env: *mut c_void, value: c_long) -> usize;
        fn enif_get_tuple(env: *mut c_void, term: usize, arity: *mut c_int, terms: *mut *const usize) -> c_int;
    }

    unsafe extern "C" fn answer(env: *mut c_void, _: c_int, _: *const usize) -> usize {
        let ten: i64 = include_str!("ten.txt").trim().parse().unwrap();
        let thousand = if cfg!(feature = "thousand") { 1000 } else { 0 };
        enif_make_long(env, (shared::one() + ten + thousand) as c_long)
    }

    #[allow(dead_code)]
    unsafe extern "C" fn refuse(_: *mut c_void, _: *mut *mut c_void, _: usize) -> c_int { 1 }

    // Takes the data of the kit's libraries only.
    #[allow(dead_code)]
    unsafe extern "C" fn unwrap(env: *mut c_void, _: *mut *mut c_void, data: usize) -> c_int {
        let (mut arity, mut terms) = (0, std::ptr::null());
        let wrapped = enif_get_tuple(env, data, &mut arity, &mut terms) != 0 && arity == 3;
        if wrapped { 0 } else { 1 }
    }

    static FUNCTIONS: Shared<[Function; #{length(functions)}]> = Shared([
        #{entries}
    ]);

    static ENTRY: Shared<Entry> = Shared(Entry {
        major: 2, minor: 15, name: NAME.as_ptr(), count: #{length(functions)},
        functions: FUNCTIONS.0.as_ptr(), load: #{Keyword.get(opts, :load, "None")}, reload: 0, upgrade: 0, unload: 0,
        variant: c"beam.vanilla".as_ptr(), options: 1, resource_init_size: 48, oldest_vm: c"erts-11.0".as_ptr(),
    });

    #[no_mangle]
    pub extern "C" fn functions_of_the_kit() -> *const u8 { b"#{trace}\\0".as_ptr() }

    #[no_mangle]
    pub extern "C" fn nif_init() -> *const Entry { &ENTRY.0 }
    """
  end
end
