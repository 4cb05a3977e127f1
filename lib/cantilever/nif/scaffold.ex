defmodule Cantilever.Nif.Scaffold do
  @moduledoc false
  # What `mix cantilever.new` writes: a crate, the module that loads it, and its test. Pure; the texts are in the
  # templates beside this file.

  # Of each template, its text. A name in double braces stands for a value.
  @texts (for path <- Path.wildcard(Path.join([__DIR__, "scaffold", "*.template"])), into: %{} do
            @external_resource path
            {Path.basename(path, ".template"), File.read!(path)}
          end)

  @enforce_keys [:module, :app, :crate, :elixir_dir, :kit_dir]
  defstruct @enforce_keys

  @typedoc """
  `kit_dir` is where the kit's Mix project is, relative to the project that is written to, or absolute; `elixir_dir` is
  where that one has its modules.
  """
  @type t :: %__MODULE__{
          module: String.t(),
          app: atom,
          crate: String.t(),
          elixir_dir: Path.t(),
          kit_dir: Path.t()
        }

  # Crates that Rust itself has, words of its language that pass for names, and what the crate depends on.
  @taken ~w(alloc core proc_macro std test
            abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if
            impl in let loop macro match mod move mut override priv pub ref return self static struct super trait true try
            type typeof unsafe unsized use virtual where while yield
            cantilever thiserror)

  @doc """
  Checks the names. Without a `:crate` it is named after the module.

      iex> {:ok, scaffold} = Cantilever.Nif.Scaffold.new("MyApp.Native", app: :my_app, elixir_dir: "lib", kit_dir: "deps/cantilever")
      iex> scaffold.crate
      "my_app_native"
  """
  @spec new(String.t(), keyword) :: {:ok, t} | {:error, String.t()}
  def new(module, facts) do
    crate = facts[:crate] || module |> Macro.underscore() |> String.replace("/", "_")

    with :ok <- check_module(module),
         :ok <- check_crate(crate) do
      {:ok, struct!(__MODULE__, Keyword.merge(facts, module: module, crate: crate))}
    end
  end

  @doc "The files that are the module's own, with their paths in the project."
  @spec files(t) :: [{Path.t(), String.t()}]
  def files(%__MODULE__{module: module} = scaffold) do
    crate_dir = "native/#{scaffold.crate}"
    file = Macro.underscore(module)

    values = [
      module: module,
      app: scaffold.app |> inspect() |> String.trim_leading(":"),
      crate: scaffold.crate,
      crate_dir: crate_dir,
      kit: toml(kit_crate(scaffold, crate_dir))
    ]

    [
      {"#{crate_dir}/Cargo.toml", text("crate.toml", values)},
      {"#{crate_dir}/src/lib.rs", text("lib.rs", values)},
      {"#{scaffold.elixir_dir}/#{file}.ex", text("native.ex", values)},
      {"test/#{file}_test.exs", text("native_test.exs", values)}
    ]
  end

  @doc "The manifest of the workspace, for a project that has none."
  @spec workspace :: {Path.t(), String.t()}
  def workspace, do: {"Cargo.toml", text("workspace.toml", [])}

  @doc """
  The lines that a `.gitignore` needs on top of those that it has: for where cargo puts what it builds when it is not Mix
  that starts it.

      iex> Cantilever.Nif.Scaffold.missing_ignores("/_build/\\n")
      ["/target/"]
  """
  @spec missing_ignores(String.t()) :: [String.t()]
  def missing_ignores(gitignore) do
    lines = gitignore |> String.split(["\r\n", "\n"]) |> Enum.map(&String.trim/1)
    if Enum.any?(lines, &(&1 in ~w(/target/ /target target/ target))), do: [], else: ["/target/"]
  end

  defp check_module(module) do
    if module =~ ~r/\A[A-Z][A-Za-z0-9_]*(\.[A-Z][A-Za-z0-9_]*)*\z/ do
      :ok
    else
      {:error, "#{inspect(module)} is no name of a module: give one such as MyApp.Native"}
    end
  end

  defp check_crate(crate) do
    cond do
      not (crate =~ ~r/\A[a-z][a-z0-9_]*\z/) ->
        {:error,
         "#{inspect(crate)} is no name for the crate: it consists of a to z, 0 to 9 and _, and begins with a letter. " <>
           "Give one with --crate"}

      crate in @taken ->
        {:error,
         "a crate cannot be named #{inspect(crate)}, which Rust or the crate itself needs. Give a name with --crate"}

      true ->
        :ok
    end
  end

  defp text(name, values) do
    Enum.reduce(values, Map.fetch!(@texts, name), fn {key, value}, text ->
      String.replace(text, "{{#{key}}}", value)
    end)
  end

  defp kit_crate(%{kit_dir: kit_dir}, crate_dir) do
    crate = Path.join(kit_dir, "native/cantilever")
    up = crate_dir |> Path.split() |> Enum.map(fn _part -> ".." end)
    if Path.type(crate) == :relative, do: Path.join(up ++ [crate]), else: crate
  end

  # A basic string of TOML, see https://toml.io/en/v1.0.0#string.
  defp toml(text), do: ~s("#{String.replace(text, ~r/[\\"]/, "\\\\\\0")}")
end
