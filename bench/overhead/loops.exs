defmodule Cantilever.Bench.Overhead.Loops do
  @moduledoc false
  # One loop for each way of calling. Each is compiled with its call in it: a call through `apply` or a closure would
  # cost more than what is measured.

  alias Cantilever.Bench.Overhead

  def nothing(0, _n), do: :ok
  def nothing(left, n), do: nothing(left - 1, n)

  for {name, call} <- [
        c_normal: quote(do: Overhead.C.plus_one(var!(n))),
        rustler_normal: quote(do: Overhead.rustler_normal(var!(n))),
        kit_normal: quote(do: Overhead.kit_normal(var!(n))),
        kit_unwatched: quote(do: Overhead.Unwatched.kit_unwatched(var!(n))),
        kit_yielding: quote(do: Overhead.kit_yielding(var!(n))),
        rustler_dirty: quote(do: Overhead.rustler_dirty(var!(n))),
        kit_dirty: quote(do: Overhead.kit_dirty(var!(n)))
      ] do
    def unquote(name)(0, _n), do: :ok

    def unquote(name)(left, n) do
      unquote(call)
      unquote(name)(left - 1, n)
    end

    def once(unquote(name), n), do: unquote(call)
    def loop(unquote(name)), do: &unquote(name)(&1, 41)
  end

  def once(:gen_server, n), do: GenServer.call(start_server(), n)
  def once(:port, n), do: ask(start_port(), n)

  def loop(:gen_server) do
    server = start_server()
    &ask_server(&1, server, 41)
  end

  def loop(:port) do
    port = start_port()
    &ask_port(&1, port, 41)
  end

  @doc false
  # A function that does not do its work would be the fastest.
  def check!(names) do
    for name <- names, once(name, 41) != 42, do: raise("#{name} does not answer 42 to 41")
    :ok
  end

  defp start_server do
    {:ok, server} = GenServer.start_link(Overhead.Server, nil)
    server
  end

  # `cat` echoes, so the sum is left to this side: no program that answers could be faster.
  defp start_port,
    do: Port.open({:spawn_executable, System.find_executable("cat")}, [:binary, packet: 4])

  defp ask_server(0, _server, _n), do: :ok

  defp ask_server(left, server, n) do
    GenServer.call(server, n)
    ask_server(left - 1, server, n)
  end

  defp ask_port(0, _port, _n), do: :ok

  defp ask_port(left, port, n) do
    ask(port, n)
    ask_port(left - 1, port, n)
  end

  defp ask(port, n) do
    Port.command(port, <<n::64>>)

    receive do
      {^port, {:data, <<echo::64>>}} -> echo + 1
    end
  end
end
