defmodule Cantilever.Nif.Precompiled.Declaration do
  @moduledoc false
  # Finds where a module says `use Cantilever.Nif` or `use RustlerPrecompiled`, and with which options, in the sources
  # of a project that need not compile: what it takes to compile it may be what is to be made.

  alias Cantilever.Nif.Precompiled.SourceValue

  @users [Cantilever.Nif, RustlerPrecompiled]

  @enforce_keys [:module, :file, :line, :user, :options, :bindings]
  defstruct [:module, :file, :line, :user, :options, :bindings]

  # `user` is the module that is used, `options` is the code of its options.
  @type t :: %__MODULE__{
          module: module(),
          file: Path.t(),
          line: pos_integer(),
          user: module(),
          options: Macro.t(),
          bindings: SourceValue.bindings()
        }

  # `project` is what `Mix.Project.config()` gives, the paths are relative to `root`.
  @spec find(module(), Path.t(), [Path.t()], keyword()) :: {:ok, t()} | {:error, String.t()}
  def find(module, root, paths, project) do
    files = for path <- paths, file <- sources(Path.join(root, path)), do: file
    found = Stream.map(files, &in_file(&1, module, root, project))

    Enum.find(found, {:error, nothing(module, root, paths)}, &(&1 != :none))
  end

  # The value of an option, `:error` where there is none, or the code that cannot be read.
  @spec fetch(t(), atom()) :: {:ok, term()} | :error | {:unreadable, String.t()}
  def fetch(%__MODULE__{options: options, bindings: bindings}, key) do
    # An option that cannot be read must not hide the others.
    with true <- is_list(options),
         true <- Enum.all?(options, &match?({key, _code} when is_atom(key), &1)) do
      case List.keyfind(options, key, 0) do
        {_key, code} -> code |> SourceValue.read(bindings) |> readable()
        nil -> :error
      end
    else
      false ->
        case SourceValue.read(options, bindings) do
          {:ok, value} -> if Keyword.keyword?(value), do: Keyword.fetch(value, key), else: :error
          unreadable -> readable(unreadable)
        end
    end
  end

  defp readable({:ok, value}), do: {:ok, value}
  defp readable({:error, code}), do: {:unreadable, shortened(Macro.to_string(code))}

  defp shortened(text) do
    if String.length(text) > 80, do: String.slice(text, 0, 77) <> "...", else: text
  end

  defp sources(dir) do
    dir
    |> String.replace(~r/[\\*?\[\]{},]/, "\\\\\\0")
    |> Path.join("**/*.ex")
    |> Path.wildcard()
    |> Enum.sort()
  end

  defp in_file(file, module, root, project) do
    text = File.read!(file)
    name = module |> Module.split() |> List.last()

    with true <- String.contains?(text, name) and String.contains?(text, "use "),
         {:ok, code} <- Code.string_to_quoted(text, file: file),
         {_module, body} <- List.keyfind(modules(code, nil), module, 0),
         bindings = %{project: project, module: module, attributes: %{}, variables: %{}},
         {meta, user, options, bindings} <- use_in(body, bindings) do
      {:ok,
       %__MODULE__{
         module: module,
         file: Path.relative_to(file, root),
         line: meta[:line] || 1,
         user: user,
         options: options,
         bindings: bindings
       }}
    else
      {:error, {meta, _message, _token}} ->
        # It may define the module, or another one.
        if text =~ ~r/defmodule\s+[\w.]*#{Regex.escape(name)}\b/,
          do:
            {:error,
             "#{Path.relative_to(file, root)}:#{meta[:line]}: the syntax is wrong, so that what #{inspect(module)} " <>
               "declares cannot be read. Correct it first"},
          else: :none

      _other ->
        :none
    end
  end

  # Every module of a file with its body, those inside of others too.
  defp modules({:defmodule, _, [name, [{_do, body}]]}, outer) do
    case name(name, outer) do
      nil -> []
      module -> [{module, expressions(body)} | modules(body, module)]
    end
  end

  defp modules({:__block__, _, expressions}, outer),
    do: Enum.flat_map(expressions, &modules(&1, outer))

  defp modules(_other, _outer), do: []

  defp name({:__aliases__, _, [{:__MODULE__, _, _} | parts]}, outer), do: concat([outer | parts])
  defp name({:__aliases__, _, [:"Elixir" | parts]}, _outer), do: concat(parts)
  defp name({:__aliases__, _, parts}, nil), do: concat(parts)
  defp name({:__aliases__, _, parts}, outer), do: concat([outer | parts])
  defp name(name, _outer) when is_atom(name), do: name
  defp name(_other, _outer), do: nil

  defp concat(parts), do: if(Enum.all?(parts, &is_atom/1), do: Module.concat(parts))

  defp expressions({:__block__, _, expressions}), do: expressions
  defp expressions(expression), do: [expression]

  # The expressions before `use` may bind what its options are made of.
  defp use_in([{:use, meta, [{:__aliases__, _, parts} | options]} | rest], bindings) do
    user = concat(parts)

    if user in @users,
      do: {meta, user, List.first(options) || [], bindings},
      else: use_in(rest, bindings)
  end

  defp use_in([{:@, _, [{name, _, [value]}]} | rest], bindings),
    do: use_in(rest, put_in(bindings.attributes[name], {value, bindings}))

  defp use_in([{:=, _, [{name, _, context}, value]} | rest], bindings)
       when is_atom(name) and is_atom(context),
       do: use_in(rest, put_in(bindings.variables[name], {value, bindings}))

  defp use_in([_other | rest], bindings), do: use_in(rest, bindings)
  defp use_in([], _bindings), do: nil

  defp nothing(module, root, paths) do
    "No `use Cantilever.Nif` and no `use RustlerPrecompiled` was found for #{inspect(module)} in the sources below " <>
      "#{Enum.join(paths, ", ")} of #{root}. Check the module's name, and run this where the project's mix.exs is " <>
      "(in an umbrella, that of the child)"
  end
end
