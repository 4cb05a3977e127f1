defmodule Cantilever.Responsiveness.Expression do
  @moduledoc false
  # Makes a function of code that somebody typed. It is compiled into a module, as the interpreter that evaluates code elsewhere would be
  # measured with it.

  @file_name "the expression"

  @doc """
  The function that evaluates `code`, which may use the variables, aliases and imports of `before`. That is evaluated once, now.

  The error is a sentence for whoever typed the code.
  """
  @spec compile(String.t(), String.t()) :: {:ok, (() -> term)} | {:error, String.t()}
  def compile(code, before) do
    with {:ok, code} <- parse(code, @file_name),
         :ok <- present(code),
         {:ok, before} <- parse(before, "--before"),
         {:ok, binding, env} <- evaluate(before),
         {:ok, module} <- create(code, Keyword.keys(binding), env) do
      # What the variables hold goes into the function, as in one that is written in a file.
      {:ok, apply(module, :function, Keyword.values(binding))}
    end
  end

  @doc "What was caught, in one line."
  @spec explain(:error | :exit | :throw, term, Exception.stacktrace()) :: String.t()
  def explain(:error, reason, stacktrace) do
    {exception, _stacktrace} = Exception.blame(:error, reason, stacktrace)
    "raises #{inspect(exception.__struct__)}: #{line(Exception.message(exception))}"
  end

  # Whoever typed the code does not mind in which process it ran.
  def explain(:exit, {:call_ended, reason}, stacktrace), do: explain(:exit, reason, stacktrace)
  def explain(:exit, reason, _stacktrace), do: "exits: #{line(Exception.format_exit(reason))}"
  def explain(:throw, value, _stacktrace), do: "throws #{line(inspect(value))}"

  @doc "`text` in one line, without what a terminal would take for a command. What is not UTF-8 is shown as Elixir writes it."
  @spec line(binary) :: String.t()
  def line(text) do
    text = if String.valid?(text), do: text, else: inspect(text, binaries: :as_strings)

    text
    |> String.replace(~r/\s+/u, " ")
    |> String.replace(~r/[[:cntrl:]]/u, "?")
    |> String.trim()
  end

  defp parse(code, name) do
    case String.valid?(code) && Code.string_to_quoted(code, file: name) do
      {:ok, quoted} ->
        {:ok, quoted}

      false ->
        {:error, "#{name} is not UTF-8"}

      {:error, {at, message, token}} ->
        place = "line #{at[:line]}, column #{at[:column] || 1}"
        {:error, "#{name} is no Elixir: #{line(parse_error(message, token))} (#{place})"}
    end
  end

  defp parse_error("syntax error before: ", ""), do: "it ends too early"
  defp parse_error({before, behind}, token), do: before <> token <> behind
  defp parse_error(message, token), do: message <> token

  defp present({:__block__, _meta, []}), do: {:error, "the expression is empty"}
  defp present(_code), do: :ok

  defp evaluate(before) do
    env = Code.env_for_eval(file: "--before")
    {_value, binding, env} = Code.eval_quoted_with_env(before, [], env)
    # A macro's own variables have a pair for a name, and cannot be written.
    {:ok, Enum.filter(binding, fn {name, _value} -> is_atom(name) end), env}
  catch
    kind, reason -> {:error, "--before #{explain(kind, reason, __STACKTRACE__)}"}
  end

  defp create(code, names, env) do
    variables = for name <- names, do: {name, [], nil}
    module = Module.concat(__MODULE__, "Compiled#{System.unique_integer([:positive])}")

    quoted =
      quote do
        def function(unquote_splicing(variables)) do
          _ = unquote(variables)
          fn -> unquote(code) end
        end
      end

    case diagnosed(fn -> create_module(module, quoted, %{env | file: @file_name}) end) do
      {:ok, _diagnostics} ->
        {:ok, module}

      {{:error, message}, diagnostics} ->
        message = Enum.find_value(diagnostics, message, &(&1.severity == :error and &1.message))
        {:error, "the expression cannot be compiled: #{tidy(message, module)}"}
    end
  end

  # The fault may be anybody's: a macro that the code calls runs here.
  defp create_module(module, quoted, env) do
    {:module, ^module, _binary, _function} = Module.create(module, quoted, env)
    :ok
  rescue
    exception -> {:error, Exception.message(exception)}
  catch
    kind, reason -> {:error, explain(kind, reason, __STACKTRACE__)}
  end

  # Where the compiler writes its errors to standard error, the exception only says that it did.
  defp diagnosed(fun) do
    if function_exported?(Code, :with_diagnostics, 2),
      do: apply(Code, :with_diagnostics, [[log: false], fun]),
      else: {fun.(), []}
  end

  # Whoever typed the expression knows of no module and no file.
  defp tidy(message, module) do
    message
    |> line()
    |> String.replace(~r/^#{@file_name}:\d+(:\d+)?: /, "")
    |> String.replace(~r/ \(expected #{Regex.escape(inspect(module))} .*\)/, "")
  end
end
