defmodule Cantilever.SocketHost do
  @moduledoc false
  # Runs a `Cantilever.Chat.Socket` as a server does, in a process of its own, and sends the test what goes to the client.

  alias Cantilever.Chat.Socket
  alias Cantilever.JSON

  @doc "Connects. The test gets `{:client, name, frame}`, where a frame is a list of five or `{:binary, bytes}`."
  @spec connect(keyword, map, term, keyword) :: {:ok, pid} | {:error, term}
  def connect(options, params, name, extra \\ []) do
    test = self()
    frames? = Keyword.get(extra, :frames, true)
    connect_info = %{frames: frames?}

    info = %{
      endpoint: nil,
      transport: :websocket,
      options: options,
      params: Map.merge(%{"vsn" => "2.0.0"}, params),
      connect_info: connect_info
    }

    with {:ok, state} <- Socket.connect(info) do
      host =
        spawn_link(fn ->
          {:ok, state} = Socket.init(state)
          send(test, {:connected, self()})
          loop(state, test, name)
        end)

      receive do
        {:connected, ^host} -> {:ok, host}
      end
    end
  end

  @doc "Sends a frame of the client."
  @spec push(pid, [term] | {:binary, binary}) :: term
  def push(host, frame), do: send(host, {:in, frame})

  defp loop(state, test, name) do
    next =
      receive do
        {:in, {:binary, bytes}} -> Socket.handle_in({bytes, opcode: :binary}, state)
        {:in, {:raw, text}} -> Socket.handle_in({text, opcode: :text}, state)
        {:in, list} -> Socket.handle_in({JSON.encode!(list), opcode: :text}, state)
        message -> Socket.handle_info(message, state)
      end

    case next do
      {:ok, state} ->
        loop(state, test, name)

      {:push, messages, state} ->
        for message <- List.wrap(messages), do: send(test, {:client, name, decode(message)})
        loop(state, test, name)

      {:stop, reason, state} ->
        Socket.terminate(reason, state)
        send(test, {:stopped, name, reason})

      {:stop, reason, code, state} ->
        Socket.terminate(reason, state)
        send(test, {:stopped, name, reason, code})
    end
  end

  defp decode({:text, text}), do: text |> IO.iodata_to_binary() |> JSON.decode!()
  defp decode({:binary, bytes}), do: {:binary, IO.iodata_to_binary(bytes)}
  defp decode({:frame, frame}), do: JSON.decode!(Socket.Frames.payload(frame))
end
