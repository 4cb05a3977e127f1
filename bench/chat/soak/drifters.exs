defmodule Cantilever.Bench.Chat.Drifters do
  @moduledoc """
  Users who come once, into a room that nobody else is in, say something and go: what is left of them must go too.
  """

  alias Cantilever.Chat

  @spec start(atom, pos_integer) :: pid
  def start(chat, every_ms), do: spawn_link(fn -> loop(chat, every_ms, 1) end)

  @spec stop(pid) :: :ok
  def stop(drifters) do
    Process.unlink(drifters)
    Process.exit(drifters, :kill)
    :ok
  end

  defp loop(chat, every_ms, number) do
    # A crash next door may refuse any of it, which is nobody's fault here.
    spawn(fn ->
      with {:ok, _joined} <- Chat.join(chat, "room of drifter #{number}", "drifter #{number}"),
           do: Chat.broadcast(chat, "room of drifter #{number}", "drifter #{number}", number)
    end)

    receive after: (every_ms -> loop(chat, every_ms, number + 1))
  end
end
