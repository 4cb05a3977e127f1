defmodule Cantilever.NativeStubs do
  @moduledoc false
  # Defines many functions that a library is to replace: `use Cantilever.NativeStubs, add: 2, sum: 1`.

  defmacro __using__(functions), do: define(functions, &not_loaded/1)

  # Definitions of functions, each with what `body` makes of its arguments.
  @spec define([{atom(), arity()}], ([Macro.t()] -> Macro.t())) :: [Macro.t()]
  def define(functions, body) do
    for {name, arity} <- functions do
      arguments = Macro.generate_arguments(arity, __MODULE__)
      quote do: def(unquote(name)(unquote_splicing(arguments)), do: unquote(body.(arguments)))
    end
  end

  defp not_loaded(arguments) do
    quote do
      _ = unquote(arguments)
      :erlang.nif_error(:nif_not_loaded)
    end
  end
end
