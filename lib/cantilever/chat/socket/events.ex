defmodule Cantilever.Chat.Socket.Events do
  @moduledoc false
  # What the client of a socket may ask of a room that it is in. Each is answered at once, or is a request.

  alias Cantilever.Chat
  alias Cantilever.Chat.Arguments
  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Entry
  alias Cantilever.Chat.Socket
  alias Cantilever.Chat.Socket.Frames
  alias Cantilever.Chat.Socket.Options
  alias Cantilever.Chat.Socket.Protocol
  alias Cantilever.Chat.Socket.Requests
  alias Cantilever.Chat.UserConnection.State
  alias Cantilever.JSON

  # An answer is one frame.
  @history_limit 100

  @type outcome :: {:reply, Requests.answer(), Socket.t()} | {:later, Socket.t()}

  @spec handle(Socket.t(), String.t(), map) :: outcome
  def handle(state, room_id, %{event: "ping", payload: payload}) do
    if State.member?(state.connection, room_id),
      do: {:reply, {:ok, payload}, state},
      else: permitted(state, room_id, fn state -> {:reply, {:ok, payload}, state} end)
  end

  def handle(state, room_id, %{event: "message"} = request) do
    permitted(state, room_id, fn state ->
      %{chat: chat, user_id: user_id} = state.connection
      config = Config.fetch!(chat)

      with {:ok, payload, id} <- message(request.payload),
           :ok <- Arguments.message_id(id),
           {:ok, json} <- Arguments.payload(payload, config.options.max_payload_bytes),
           entry = %Entry{room_id: room_id, user_id: user_id, id: id, json: json},
           {:ok, requests} <- Requests.post(state.requests, config, entry, asked(request)) do
        {:later, %{state | requests: requests}}
      else
        {:error, reason} -> {:reply, error(reason), state}
      end
    end)
  end

  def handle(state, room_id, %{event: "history"} = request) do
    permitted(state, room_id, fn state ->
      chat = state.connection.chat

      case history(request.payload) do
        {:ok, options} -> run(state, request, fn -> read_history(chat, room_id, options) end)
        {:error, reason} -> {:reply, error(reason), state}
      end
    end)
  end

  def handle(state, room_id, %{event: event} = request) do
    cond do
      event in state.options.relay -> relay(state, room_id, request)
      state.options.push -> push(state, room_id, request)
      true -> {:reply, error({:unknown_event, "there is no event #{inspect(event)}"}), state}
    end
  end

  defp relay(state, room_id, request) do
    permitted(state, room_id, fn state ->
      %{chat: chat, user_id: user_id} = state.connection

      with {:ok, payload} <- text_payload(request.payload),
           :ok <- Chat.notify(chat, room_id, user_id, request.event, payload) do
        {:reply, {:ok, %{}}, state}
      else
        {:error, reason} -> {:reply, error(reason), state}
      end
    end)
  end

  defp push(state, room_id, request) do
    permitted(state, room_id, fn state ->
      %{chat: chat, user_id: user_id} = state.connection
      push = state.options.push

      context = %{
        chat: chat,
        room_id: room_id,
        user_id: user_id,
        event: request.event,
        payload: request.payload
      }

      run(state, request, fn -> push |> Options.call([context]) |> written() end)
    end)
  end

  defp permitted(state, room_id, function) do
    case State.permit(state.connection, room_id) do
      {:ok, connection} ->
        state = %{state | connection: connection}

        case Requests.room_for_one_more(state.requests, state.options) do
          :ok -> function.(state)
          {:error, reason} -> {:reply, error(reason), state}
        end

      {:error, refused, connection} ->
        {:reply, error(refused), %{state | connection: connection}}
    end
  end

  defp run(state, request, function) do
    timeout_ms = state.options.push_timeout_ms
    requests = Requests.run(state.requests, asked(request), timeout_ms, function)
    {:later, %{state | requests: requests}}
  end

  # In the process of whoever has made it: what cannot be written is its crash.
  defp written({:ok, {:binary, data}}), do: {:ok, {:binary, IO.iodata_to_binary(data)}}
  defp written({:ok, response}), do: {:ok, {:json, JSON.encode_to_iodata!(response)}}

  defp written({:error, {reason, message}} = error) when is_atom(reason) and is_binary(message) do
    _json = JSON.encode!(message)
    error
  end

  defp asked(request), do: {Protocol.refs(request), request.topic}

  defp message(%{"payload" => payload} = message), do: {:ok, payload, message["id"]}

  defp message(_other),
    do: {:error, {:malformed, "a message is an object with `payload`, and perhaps `id`"}}

  defp text_payload({:binary, _data}), do: {:error, {:malformed, "this event takes no bytes"}}
  defp text_payload(payload), do: {:ok, payload}

  defp history(%{} = payload) do
    limit = Map.get(payload, "limit", 50)

    if is_integer(limit) and limit in 1..@history_limit,
      do: {:ok, [before: payload["before"], limit: limit]},
      else: {:error, {:invalid_limit, "a limit is an integer from 1 to #{@history_limit}"}}
  end

  defp history(_other),
    do: {:error, {:malformed, "history is asked for by an object with `before` and `limit`"}}

  defp read_history(chat, room_id, options) do
    with {:ok, messages} <- Chat.history(chat, room_id, options) do
      list = messages |> Enum.map(&Frames.message_json/1) |> Enum.intersperse(?,)
      {:ok, {:json, [~s({"messages":[), list, "]}"]}}
    end
  end

  defp error(reason), do: {:error, Protocol.reason(reason)}
end
