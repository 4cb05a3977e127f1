defmodule Cantilever.Responsiveness.Machine do
  @moduledoc false
  # What the figures of a report depend on besides the call.

  @doc "Pairs of a name and a text, in the order in which they are to be read."
  @spec describe() :: [{String.t(), String.t()}]
  def describe do
    [
      {"Elixir", System.version()},
      {"Erlang/OTP",
       "#{System.otp_release()} (erts #{:erlang.system_info(:version)}, #{emulator()})"},
      {"system", List.to_string(:erlang.system_info(:system_architecture))},
      {"processors", processors()}
    ]
  end

  defp emulator,
    do: if(:erlang.system_info(:emu_flavor) == :jit, do: "with JIT", else: "without JIT")

  defp processors do
    case :erlang.system_info(:logical_processors_available) do
      :unknown -> "unknown"
      number -> Integer.to_string(number)
    end
  end
end
