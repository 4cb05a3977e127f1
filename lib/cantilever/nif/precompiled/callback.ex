defmodule Cantilever.Nif.Precompiled.Callback do
  @moduledoc false
  # Calls a function of the project's that an option names. When it raises, the words for it hold the kind of error and
  # its place, but not its message: that may show what the function was given or has looked up, such as a token.

  @spec call(module(), (() -> value)) :: {:ok, value} | {:error, String.t()} when value: term()
  def call(module, fun) do
    {:ok, fun.()}
  rescue
    error -> {:error, "raised a #{inspect(error.__struct__)}#{place(module, __STACKTRACE__)}"}
  end

  # The closest to the error that is the project's own.
  defp place(module, stacktrace) do
    Enum.find_value(stacktrace, "", fn
      {^module, _function, _arity, [_ | _] = place} -> " in #{place[:file]}:#{place[:line]}"
      _other -> nil
    end)
  end
end
