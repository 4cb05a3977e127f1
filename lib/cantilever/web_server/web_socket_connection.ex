defmodule Cantilever.WebServer.WebSocketConnection do
  @moduledoc false
  # The process of a connection once it is a WebSocket: frames in, the callbacks of the socket, frames out.

  use GenServer, restart: :temporary

  alias Cantilever.Rate
  alias Cantilever.WebServer.Config
  alias Cantilever.WebServer.Connection
  alias Cantilever.WebServer.Counters
  alias Cantilever.WebServer.Stream
  alias Cantilever.WebServer.Wakefulness
  alias Cantilever.WebSocket

  # So many packets come before the process is asked again whether it can keep up, and the client is to.
  @packets 32
  # So many messages are written at once.
  @gather 64
  # The heap of one that handles a message. It would grow to that by itself, after two collections more.
  @awake_words 610

  @going_away 1001
  @policy 1008
  @failed 1011
  @restarting 1012

  defstruct [
    :stream,
    :name,
    :module,
    :socket,
    :codec,
    :rate,
    :bytes_rate,
    # When something has come last.
    :heard_ms,
    :wakefulness,
    # What is to be written, the last first, and how many.
    out: [],
    gathered: 0,
    # How many bytes have come since the packets were asked for.
    unpaid: 0,
    closing?: false
  ]

  @type t :: %__MODULE__{
          stream: Stream.t(),
          name: atom,
          module: module,
          socket: term,
          # nil once the client has broken the rules.
          codec: WebSocket.t() | nil,
          rate: Rate.t(),
          bytes_rate: Rate.t(),
          heard_ms: integer,
          out: [iodata],
          gathered: non_neg_integer,
          unpaid: non_neg_integer,
          wakefulness: Wakefulness.t(),
          closing?: boolean
        }

  @doc "Makes the calling process the WebSocket's. `rest` is what has come after the handshake."
  @spec enter(Stream.t(), Config.t(), module, term, binary) :: no_return
  def enter(stream, config, module, socket, rest) do
    %{name: name, options: options} = config
    _request_words = Process.flag(:min_heap_size, @awake_words)
    now_ms = now_ms()

    state = %__MODULE__{
      stream: stream,
      name: name,
      module: module,
      socket: socket,
      codec: WebSocket.with_limits(options),
      rate: Rate.new(options.frames_burst, now_ms),
      bytes_rate: Rate.new(options.bytes_burst, now_ms),
      heard_ms: now_ms,
      wakefulness: Wakefulness.new(now_ms)
    }

    state = socket |> module.init() |> after_callback(state)
    # It is in the mailbox before what comes after it.
    if rest != "", do: send(self(), {elem(stream, 0), :early, rest})
    _active = Stream.activate(stream, @packets)
    Process.send_after(self(), :look_silent, ask_ms(options.idle_timeout_ms))
    # It wakes up to write what the socket has said at once.
    if state.out != [], do: send(self(), :begin)
    # The heap of the request is given back before thousands of them are there.
    :proc_lib.hibernate(__MODULE__, :loop, [state])
  end

  @doc false
  @spec loop(t) :: no_return
  def loop(state), do: :gen_server.enter_loop(__MODULE__, [], state)

  @impl GenServer
  def init(_never), do: {:stop, :not_started_this_way}

  @impl GenServer
  # What follows on a message is no waking.
  def handle_info(:timeout, state), do: handle(:timeout, state)
  def handle_info({:inet_reply, _port, _status} = reply, state), do: handle(reply, state)

  def handle_info(message, %{wakefulness: %{now: :hibernating}} = state),
    do: handle(message, woken(state))

  def handle_info({kind, _, _} = packet, %{wakefulness: %{now: :awaiting}} = state)
      when kind in [:tcp, :ssl],
      do: handle(packet, woken(state))

  def handle_info(message, state), do: handle(message, state)

  # A call is the socket's to answer: it is a process like any other.
  @impl GenServer
  def handle_call(request, from, state), do: handle_info({:"$gen_call", from, request}, state)

  @impl GenServer
  def handle_cast(request, state), do: handle_info({:"$gen_cast", request}, state)

  @impl GenServer
  def terminate(reason, state) do
    _done = state.module.terminate(terminated(reason), state.socket)

    last_words(reason, state)
    Connection.closed(Config.fetch!(state.name))
  end

  defp last_words({:shutdown, :closed}, state), do: Stream.close(state.stream)

  defp last_words({:shutdown, :remote}, state), do: say(state, [])

  # There is no room for it, or it has been said.
  defp last_words({:shutdown, _idle_slow_or_close_timeout}, state), do: Stream.abort(state.stream)
  defp last_words(_stopped_or_crashed, %{closing?: true} = state), do: say(state, [])

  defp last_words(reason, state) when reason in [:normal, :shutdown],
    do: say(state, WebSocket.close_frame(@going_away, ""))

  defp last_words(_crashed, state), do: say(state, WebSocket.close_frame(@failed, ""))

  defp say(state, goodbye) do
    %{direct?: direct?} = Config.fetch!(state.name)
    _gone = Stream.write_soon(state.stream, [Enum.reverse(state.out) | goodbye], direct?)
    Stream.close(state.stream)
  end

  defp terminated({:shutdown, :closed}), do: :closed
  defp terminated({:shutdown, :remote}), do: :remote
  defp terminated(reason), do: reason

  # What a crash writes to the log is not what was said.
  @doc false
  def format_status(status) do
    status
    |> Map.replace(:message, :left_out)
    |> Map.update(:state, nil, &%{name: &1.name, module: &1.module})
  end

  defp handle(:begin, state), do: next(state)

  # The mailbox is empty, and what has gathered is written; or there was no answer for too long.
  defp handle(:timeout, state), do: write(state)
  defp handle({:tcp, _port, bytes}, state), do: received(bytes, state)
  defp handle({:tcp_passive, _port}, state), do: go_on_reading(state)
  defp handle({:inet_reply, _port, :ok}, state), do: next(state)
  defp handle({:inet_reply, _port, {:error, reason}}, state), do: failed(reason, state)
  defp handle({:tcp_closed, _port}, state), do: {:stop, {:shutdown, :closed}, state}
  defp handle({:tcp_error, _port, _reason}, state), do: next(state)
  defp handle({:tls, :early, bytes}, state), do: received(bytes, state)
  defp handle({:ssl, _socket, bytes}, state), do: received(bytes, state)
  defp handle({:ssl_passive, _socket}, state), do: go_on_reading(state)
  defp handle({:ssl_closed, _socket}, state), do: {:stop, {:shutdown, :closed}, state}
  defp handle({:ssl_error, _socket, _reason}, state), do: next(state)

  defp handle(:look_idle, state) do
    if state.out == [] and Wakefulness.idle?(state.wakefulness) do
      {:noreply, %{state | wakefulness: Wakefulness.sleep(state.wakefulness)}, :hibernate}
    else
      awake = Wakefulness.stay_awake(state.wakefulness, hibernate_after_ms(state))
      next(%{state | wakefulness: awake})
    end
  end

  # Also those whose machine has gone without a word. Who has nothing to say for long is asked first: a browser answers pings by itself.
  defp handle(:look_silent, state) do
    %{options: %{idle_timeout_ms: timeout_ms}} = config = Config.fetch!(state.name)
    silent_ms = now_ms() - state.heard_ms
    ask_ms = ask_ms(timeout_ms)

    cond do
      silent_ms >= timeout_ms ->
        Counters.add(config.counters, :idle_clients)
        {:stop, {:shutdown, :idle}, state}

      silent_ms >= ask_ms and not state.closing? ->
        Process.send_after(self(), :look_silent, timeout_ms - silent_ms)
        state |> put(WebSocket.frame(:ping, "")) |> next()

      true ->
        Process.send_after(self(), :look_silent, max(ask_ms - silent_ms, 1))
        next(state)
    end
  end

  defp handle(:activate, state), do: activate(state)
  defp handle(:drain_connection, state), do: close(@restarting, "", state)
  defp handle(:close_timeout, state), do: {:stop, {:shutdown, :close_timeout}, state}
  defp handle(_message, %{closing?: true} = state), do: next(state)

  defp handle(message, state) do
    message |> state.module.handle_info(state.socket) |> after_callback(state) |> next()
  end

  # Of a client that has broken the rules, nothing more is read.
  defp received(_bytes, %{codec: nil} = state), do: next(state)

  defp received(bytes, state) do
    %{options: options, counters: counters} = Config.fetch!(state.name)
    size = byte_size(bytes)
    Counters.add(counters, :bytes_in, size)

    case WebSocket.read(state.codec, bytes) do
      {:ok, events} ->
        state = %{state | heard_ms: now_ms(), unpaid: state.unpaid + size}
        events |> handle_events(state, options, counters) |> next()

      {:error, events, {code, message}} ->
        Counters.add(counters, :broken_frames)

        case handle_events(events, state, options, counters) do
          {:stop, _reason, _state} = stop -> stop
          state -> close(code, message, %{state | codec: nil})
        end
    end
  end

  defp handle_events([], state, _options, _counters), do: state

  defp handle_events([event | events], state, options, counters) do
    Counters.add(counters, :frames_in)

    case take(state.rate, options) do
      {:ok, rate} ->
        case handle_event(event, %{state | rate: rate}) do
          {:stop, _reason, _state} = stop -> stop
          state -> handle_events(events, state, options, counters)
        end

      {:wait, _ms, rate} ->
        Counters.add(counters, :flooding_clients)

        text = "more than #{options.frames_per_s} frames a second"
        close_with(@policy, text, %{state | rate: rate, codec: nil})
    end
  end

  defp take(rate, options),
    do: Rate.take(rate, options.frames_per_s, options.frames_burst, now_ms())

  defp handle_event({:close, _code, _reason}, %{closing?: true} = state),
    do: {:stop, {:shutdown, :closed}, state}

  # The answer has the client's code.
  defp handle_event({:close, code, _reason}, state) do
    state = put(state, WebSocket.close_frame(code, ""))
    {:stop, {:shutdown, :remote}, %{state | closing?: true}}
  end

  defp handle_event(_event, %{closing?: true} = state), do: state

  defp handle_event({opcode, payload}, state) when opcode in [:text, :binary] do
    {payload, [opcode: opcode]}
    |> state.module.handle_in(state.socket)
    |> after_callback(state)
    |> await_answer()
  end

  defp handle_event({:ping, payload}, state),
    do: control({payload, opcode: :ping}, put(state, WebSocket.frame(:pong, payload)))

  defp handle_event({:pong, payload}, state), do: control({payload, opcode: :pong}, state)

  defp control(frame, state) do
    if function_exported?(state.module, :handle_control, 2),
      do: frame |> state.module.handle_control(state.socket) |> after_callback(state),
      else: state
  end

  defp after_callback({:ok, socket}, state), do: %{state | socket: socket}

  defp after_callback({:push, messages, socket}, state),
    do: put_messages(%{state | socket: socket}, messages)

  defp after_callback({:reply, _status, messages, socket}, state),
    do: put_messages(%{state | socket: socket}, messages)

  defp after_callback({:stop, reason, code, messages, socket}, state),
    do: after_callback({:stop, reason, code, socket}, put_messages(state, messages))

  defp after_callback({:stop, {:shutdown, :restart}, socket}, state),
    do: close_with(@restarting, "", %{state | socket: socket})

  defp after_callback({:stop, _reason, socket}, state),
    do: close_with(1000, "", %{state | socket: socket})

  defp after_callback({:stop, _reason, {code, text}, socket}, state),
    do: close_with(code, text || "", %{state | socket: socket})

  defp after_callback({:stop, _reason, code, socket}, state),
    do: close_with(code, "", %{state | socket: socket})

  defp after_callback(other, state) do
    raise ArgumentError,
          "a callback of #{inspect(state.module)} returned #{inspect(other)}, which is nothing that a socket returns"
  end

  defp put_messages(state, messages) when is_list(messages),
    do: Enum.reduce(messages, state, &put(&2, frame(&1)))

  defp put_messages(state, message), do: put(state, frame(message))

  defp frame({:frame, frame}), do: frame
  defp frame({opcode, data}), do: WebSocket.frame(opcode, data)

  defp put(state, frame), do: %{state | out: [frame | state.out], gathered: state.gathered + 1}

  defp await_answer(%{out: []} = state),
    do: %{state | wakefulness: Wakefulness.await(state.wakefulness)}

  defp await_answer(state), do: state

  defp next({:stop, _reason, _state} = stop), do: stop

  defp next(%{out: [], wakefulness: %{now: :awaiting}} = state),
    do: {:noreply, state, Wakefulness.answer_ms(hibernate_after_ms(state))}

  defp next(%{out: []} = state), do: rest(state)
  defp next(%{gathered: gathered} = state) when gathered >= @gather, do: write(state)
  defp next(state), do: {:noreply, state, 0}

  defp write(%{out: []} = state), do: rest(state)

  defp write(state) do
    %{counters: counters, direct?: direct?} = Config.fetch!(state.name)

    out =
      case state.out do
        [frame] -> frame
        frames -> Enum.reverse(frames)
      end

    Counters.add(counters, :writes)
    Counters.add(counters, :frames_out, state.gathered)
    Counters.add(counters, :bytes_out, IO.iodata_length(out))

    case Stream.write_soon(state.stream, out, direct?) do
      :ok -> written(%{state | out: [], gathered: 0})
      {:error, reason} -> failed(reason, %{state | out: [], gathered: 0})
    end
  end

  # A client whose frames are not read any more can give no answer to wait for, but it closes when it sees that nothing more comes. The
  # connection stays until then: closed before what the client goes on sending was taken in, it could lose the close frame.
  defp written(%{closing?: true, codec: nil} = state) do
    Stream.shutdown_soon(state.stream)
    {:noreply, state}
  end

  defp written(state), do: rest(state)

  defp failed(:timeout, state) do
    Counters.add(Config.fetch!(state.name).counters, :slow_clients)
    {:stop, {:shutdown, {:slow, :timeout}}, state}
  end

  defp failed(_closed, state), do: {:stop, {:shutdown, :closed}, state}

  # What a client sends too much stays where it is, until its own system takes no more of it.
  defp go_on_reading(state) do
    %{options: options, counters: counters} = Config.fetch!(state.name)
    %{bytes_per_s: per_s, bytes_burst: burst} = options
    {wait_ms, rate} = Rate.spend(state.bytes_rate, state.unpaid, per_s, burst, now_ms())
    state = %{state | bytes_rate: rate, unpaid: 0}

    if wait_ms == 0 do
      activate(state)
    else
      Counters.add(counters, :slowed_clients)
      Process.send_after(self(), :activate, wait_ms)
      next(state)
    end
  end

  defp activate(state) do
    case Stream.activate(state.stream, @packets) do
      :ok -> next(state)
      {:error, _closed} -> {:stop, {:shutdown, :closed}, state}
    end
  end

  defp close(code, text, state), do: code |> close_with(text, state) |> next()

  # The client is to answer the frame, and to close: then it has read what was sent to it.
  defp close_with(_code, _text, %{closing?: true} = state), do: state

  defp close_with(code, text, state) do
    close_timeout_ms = Config.fetch!(state.name).options.close_timeout_ms
    Process.send_after(self(), :close_timeout, close_timeout_ms)
    put(%{state | closing?: true}, WebSocket.close_frame(code, text))
  end

  # What else has come wakes it at once.
  defp rest(state) do
    case Wakefulness.rest(state.wakefulness) do
      {:hibernate, wakefulness} -> {:noreply, %{state | wakefulness: wakefulness}, :hibernate}
      :stay -> {:noreply, state}
    end
  end

  defp woken(state) do
    wakefulness = Wakefulness.woken(state.wakefulness, now_ms(), hibernate_after_ms(state))
    %{state | wakefulness: wakefulness}
  end

  # Later than the heartbeats of Phoenix's clients, which come each half minute, by the default.
  defp ask_ms(timeout_ms), do: div(timeout_ms * 3, 4)

  defp hibernate_after_ms(state), do: Config.fetch!(state.name).options.hibernate_after_ms

  defp now_ms, do: System.monotonic_time(:millisecond)
end
