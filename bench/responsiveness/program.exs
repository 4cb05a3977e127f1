defmodule Cantilever.Bench.Responsiveness.Program do
  @moduledoc false
  # The jobs behind a port: each process that asks has a program of its own, which ends with it.

  @key __MODULE__

  # The program is built and named once, for all processes that ask.
  @spec build!() :: :ok
  def build! do
    path = Cantilever.Bench.Cargo.build!(Path.expand("native", __DIR__), "responsiveness_program")

    :persistent_term.put(@key, path)
  end

  @spec sum(non_neg_integer) :: non_neg_integer
  def sum(n), do: :binary.decode_unsigned(ask([?s, <<n::64>>]))

  @spec decode(binary) :: {non_neg_integer, non_neg_integer}
  def decode(document) do
    <<records::64, checksum::64>> = ask([?d, document])
    {records, checksum}
  end

  @spec shrink(binary, pos_integer) :: binary
  def shrink(png, width), do: ask([?t, <<width::32>>, png])

  defp ask(request) do
    port = Process.get(@key) || open()
    true = Port.command(port, request)

    receive do
      {^port, {:data, <<0, answer::binary>>}} ->
        answer

      {^port, {:data, <<1, message::binary>>}} ->
        raise "the program behind the port: #{message}"

      {^port, {:exit_status, status}} ->
        raise "the program behind the port ended with status #{status}"
    end
  end

  defp open do
    options = [:binary, :exit_status, packet: 4]
    port = Port.open({:spawn_executable, :persistent_term.get(@key)}, options)
    nil = Process.put(@key, port)
    port
  end
end
