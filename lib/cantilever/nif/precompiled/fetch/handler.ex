defmodule Cantilever.Nif.Precompiled.Fetch.Handler do
  @moduledoc false
  # The process of `:httpc` that talks to the server for a request. It hands over the body of a 200 part by part, but
  # collects without a limit what is none: headers, the bodies of all other answers, and each chunk of a body in chunks.

  @type t :: {profile :: atom(), request :: reference()}

  # How many bytes it has collected, garbage among them. OTP has no other way to find the process than the table in which
  # its profile notes it. Where there is no such table, an answer is bounded by time alone.
  @spec held(t()) :: non_neg_integer()
  def held({profile, request}) do
    with pid when is_pid(pid) <- find(:"httpc_#{profile}__handler_db", request),
         [memory: memory, garbage_collection_info: info] <-
           Process.info(pid, [:memory, :garbage_collection_info]) do
      # Headers lie on its heap, bodies beside it. The list of its binaries lacks the one that it appends to, but that
      # counts for its next collection of garbage, in words.
      words = Keyword.get(info, :bin_vheap_size, 0) + Keyword.get(info, :bin_old_vheap_size, 0)
      memory + words * :erlang.system_info(:wordsize)
    else
      nil -> 0
    end
  end

  # It outlives its profile until the server is done, which may be never.
  @spec stop(t()) :: :ok
  def stop({profile, request}), do: :httpc.cancel_request(request, profile)

  defp find(table, request) do
    case :ets.lookup(table, request) do
      [{^request, pid, _from}] -> pid
      _other -> nil
    end
  rescue
    ArgumentError -> nil
  end
end
