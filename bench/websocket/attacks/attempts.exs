Code.require_file("hostile.exs", __DIR__)

defmodule Cantilever.Bench.WebSocket.Attacks.Attempts do
  @moduledoc false
  # What is done at each attempt of an attack. What the server should have refused and has not raises.

  alias Cantilever.Bench.WebSocket.Attacks.Hostile

  @slow_head "GET /chat/websocket?vsn=2.0.0&token="
  @chunk String.duplicate("a", 65_536)
  @chunks 160
  @parts 100
  # Of each address: those that may still be refused, and with them some more than the server allows it.
  @asked 40
  @left_open 560
  # As many values as fit into a text of 200 KB, which is as large as it may be, and into one of 1 MB.
  @zeros String.duplicate(",0", 100_000)
  @more_zeros String.duplicate(",0", 524_000)

  @typedoc "What all attackers know: the server's port and that of another, tokens that are good, and tokens that are not."
  @type target :: %{
          port: :inet.port_number(),
          elsewhere: :inet.port_number(),
          good: [String.t()],
          bad: [String.t()]
        }

  @typedoc "What an attacker keeps from one attempt to the next. It has a good token of its own."
  @type state :: %{
          from: :inet.ip_address(),
          token: String.t(),
          socket: Hostile.socket() | nil,
          asked: :queue.queue(Hostile.socket()),
          left_open: :queue.queue(Hostile.socket()),
          count: non_neg_integer
        }

  @type attack :: atom
  @type plan :: %{
          title: String.t(),
          attackers: pos_integer,
          addresses: pos_integer,
          per_s: pos_integer
        }

  @doc "What each attack is called, how many attackers it has, from how many addresses, and how many attempts they make in a second."
  @spec plans() :: [{attack, plan}]
  def plans do
    [
      # A byte of each in a second.
      slow_heads: plan("heads that come a byte at a time", 1_000, 2, 1_000),
      # Of each the server reads 1 MB, so that its answer can be read: that is a line of 1 Gbit/s.
      endless_heads: plan("heads of 10 MB", 50, 1, 100),
      heads_elsewhere: plan("heads of 10 MB to another server", 50, 1, 100),
      broken_frames: plan("frames that no client may send", 50, 1, 1_000),
      # Each attempt is a packet of a hundred.
      endless_fragments: plan("fragments without end", 50, 1, 1_000),
      messages: plan("a flood of messages to a room", 1, 1, 500),
      broken_json: plan("messages that are no JSON", 50, 1, 1_000),
      # Half of them have 200 KB.
      oversized_json: plan("messages of 200 KB and more", 20, 1, 100),
      tokens: plan("forged and expired tokens", 50, 1, 1_000),
      origins: plan("foreign origins", 50, 1, 1_000),
      connects: plan("connections that are closed again", 50, 5, 2_000),
      left_open: plan("connections that are left open", 5, 5, 2_000)
    ]
  end

  defp plan(title, attackers, addresses, per_s),
    do: %{title: title, attackers: attackers, addresses: addresses, per_s: per_s}

  @doc "What the attacker with this number has at first. Those of an address follow on each other."
  @spec new(plan, target, pos_integer) :: state
  def new(plan, target, number) do
    %{
      from: {127, 2, 0, 1 + rem(number, plan.addresses)},
      token: Enum.at(target.good, rem(number, length(target.good))),
      socket: nil,
      asked: :queue.new(),
      left_open: :queue.new(),
      # They do not all do the same at the same time.
      count: number
    }
  end

  @doc "Makes an attempt, and says how often the server has refused something meanwhile."
  @spec make(attack, target, state) :: {refused :: non_neg_integer, state}
  def make(attack, target, state) do
    {refused, state} = attempt(attack, target, state)
    {refused, %{state | count: state.count + 1}}
  end

  defp attempt(:slow_heads, target, state) do
    lasting(state, fn _socket -> :ok end, target, fn socket ->
      byte = binary_part(@slow_head, rem(state.count, byte_size(@slow_head)), 1)

      case Hostile.come(socket) do
        {:ok, ""} -> send_or_closed(socket, byte, 0)
        _status_or_closed -> :closed
      end
    end)
  end

  defp attempt(:endless_heads, target, state) do
    once(state, target, fn socket ->
      _gone = :gen_tcp.send(socket, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
      refused? = Enum.any?(1..@chunks, fn _nth -> :gen_tcp.send(socket, @chunk) != :ok end)
      refused!(refused?, "a head of 10 MB")
    end)
  end

  defp attempt(:heads_elsewhere, target, state),
    do: attempt(:endless_heads, %{target | port: target.elsewhere}, state)

  defp attempt(:broken_frames, target, state) do
    {frame, code} = broken_frame(rem(state.count, 7))

    once(state, target, fn socket ->
      refused_after_upgrade(socket, target, state, frame, code)
    end)
  end

  defp attempt(:endless_fragments, target, state) do
    open = fn socket ->
      with :ok <- upgrade(socket, target, state),
           {:error, _closed} <- :gen_tcp.send(socket, Hostile.frame(1, "x", fin: 0)),
           do: :closed
    end

    parts = List.duplicate(Hostile.frame(0, "x", fin: 0), @parts)

    lasting(state, open, target, fn socket ->
      case Hostile.come(socket) do
        {:ok, ""} -> send_or_closed(socket, parts, 0)
        _close_or_closed -> :closed
      end
    end)
  end

  # To a room of well-behaved clients, as these write messages. The attacker comes back as soon as it is closed.
  defp attempt(:messages, target, state) do
    payload = String.duplicate("0", 20) <> String.duplicate("x", 78)
    text = ~s(["1","2","room:r0","message",{"payload":"#{payload}"}])

    lasting(state, &join(&1, target, state, "r0"), target, fn socket ->
      case Hostile.come(socket) do
        {:ok, answers} ->
          refused = length(:binary.matches(answers, "rate_limited"))
          send_or_closed(socket, Hostile.frame(1, text), refused)

        :closed ->
          :closed
      end
    end)
  end

  defp attempt(:broken_json, target, state) do
    text =
      Enum.at(
        [~s(["1","2","room:a","message",{), ~s({"no": "array"}), String.duplicate("[", 10_000)],
        rem(state.count, 3)
      )

    once(state, target, fn socket ->
      refused_after_upgrade(socket, target, state, Hostile.frame(1, text), 1007)
    end)
  end

  # A message is too large for the chat. A ping is not, and comes back. One is too large for the socket, which does not read it, and one for the server, which
  # sees that by its first bytes: after each of these two, the next attempt is to join again.
  @oversized [:message, :ping, :unread, :ping, :message, :too_large, :ping]
  defp attempt(:oversized_json, target, state) do
    lasting(state, &join(&1, target, state, "a"), target, fn socket ->
      event = Enum.at(@oversized, rem(state.count, length(@oversized)))
      _gone = :gen_tcp.send(socket, oversized(event))

      case {event, answer(socket)} do
        {:message, {:text, text}} ->
          {:ok, refused!(text =~ ~s("status":"error"), "200 KB: #{text}")}

        {:ping, {:text, _text}} ->
          {:ok, 0}

        {_too_large, {:text, text}} ->
          raise "a frame of 1 MB or 2 MB was answered with #{text}"

        {_event, _close_or_closed} ->
          :closed
      end
    end)
  end

  defp attempt(:tokens, target, state) do
    token = Enum.at(target.bad, rem(state.count, length(target.bad)))

    once(state, target, fn socket ->
      status = Hostile.upgrade(socket, target.port, token)
      refused!(status in [403, 0], "a bad token: #{status}")
    end)
  end

  defp attempt(:origins, target, state) do
    once(state, target, fn socket ->
      origin = "Origin: https://elsewhere.example\r\n"
      status = Hostile.upgrade(socket, target.port, state.token, origin)
      refused!(status in [403, 0], "a foreign origin: #{status}")
    end)
  end

  defp attempt(:connects, target, state), do: once(state, target, fn _socket -> 0 end)

  # A connection is looked at some attempts later: whether it is refused does not show at once.
  defp attempt(:left_open, target, state) do
    asked =
      case Hostile.connect(state.from, target.port) do
        nil -> state.asked
        socket -> :queue.in(socket, state.asked)
      end

    if :queue.len(asked) > @asked do
      {{:value, socket}, asked} = :queue.out(asked)
      {refused, left_open} = settle(socket, state.left_open)
      {refused, %{state | asked: asked, left_open: drop_oldest(left_open)}}
    else
      {0, %{state | asked: asked}}
    end
  end

  defp settle(socket, left_open) do
    case Hostile.come(socket) do
      {:ok, ""} ->
        {0, :queue.in(socket, left_open)}

      _status_or_closed ->
        :gen_tcp.close(socket)
        {1, left_open}
    end
  end

  # The server has closed it by then.
  defp drop_oldest(left_open) do
    if :queue.len(left_open) > @left_open do
      {{:value, oldest}, others} = :queue.out(left_open)
      :gen_tcp.close(oldest)
      others
    else
      left_open
    end
  end

  # A connection for each attempt.
  defp once(state, target, attempt) do
    case Hostile.connect(state.from, target.port) do
      nil ->
        {1, state}

      socket ->
        refused = attempt.(socket)
        :gen_tcp.close(socket)
        {refused, state}
    end
  end

  # A connection that lasts until the server closes it, and is opened again at the next attempt.
  defp lasting(%{socket: nil} = state, open, target, _attempt) do
    case Hostile.connect(state.from, target.port) do
      nil ->
        {1, state}

      socket ->
        opened(state, socket, open.(socket))
    end
  end

  defp lasting(%{socket: socket} = state, _open, _target, attempt) do
    case attempt.(socket) do
      {:ok, refused} ->
        {refused, state}

      :closed ->
        :gen_tcp.close(socket)
        {1, %{state | socket: nil}}
    end
  end

  defp opened(state, socket, :ok), do: {0, %{state | socket: socket}}

  defp opened(state, socket, :closed) do
    :gen_tcp.close(socket)
    {1, state}
  end

  defp refused_after_upgrade(socket, target, state, frame, code) do
    with :ok <- upgrade(socket, target, state),
         {:ok, _none} <- send_or_closed(socket, frame, 0) do
      answer = Hostile.answer(socket)
      refused!(answer in [{:close, code}, :closed], "#{inspect(frame)}: #{inspect(answer)}")
    else
      :closed -> 1
    end
  end

  defp send_or_closed(socket, bytes, refused) do
    case :gen_tcp.send(socket, bytes) do
      :ok -> {:ok, refused}
      {:error, _closed} -> :closed
    end
  end

  # An attacker that gets no core for seconds is closed before it has said a word.
  defp upgrade(socket, target, state) do
    case Hostile.upgrade(socket, target.port, state.token) do
      101 -> :ok
      0 -> :closed
      status -> raise "a good token was answered with #{status}"
    end
  end

  defp join(socket, target, state, room) do
    join = Hostile.frame(1, ~s(["1","1","room:#{room}","phx_join",{}]))

    with :ok <- upgrade(socket, target, state),
         {:ok, _none} <- send_or_closed(socket, join, 0),
         {:text, joined} <- answer(socket) do
      true = joined =~ ~s("status":"ok")
      :ok
    else
      _close_or_closed -> :closed
    end
  end

  # What others do in the room comes, too.
  defp answer(socket) do
    with {:text, text} <- Hostile.answer(socket),
         do: if(text =~ "phx_reply", do: {:text, text}, else: answer(socket))
  end

  defp refused!(true, _what), do: 1
  defp refused!(false, what), do: raise("the server has not refused #{what}")

  defp broken_frame(0), do: {[<<0x81, 5>>, "plain"], 1002}
  defp broken_frame(1), do: {[<<0xF1, 0x80, 0::32>>], 1002}
  defp broken_frame(2), do: {Hostile.frame(3, ""), 1002}
  defp broken_frame(3), do: {Hostile.frame(9, String.duplicate("x", 126)), 1002}
  defp broken_frame(4), do: {Hostile.frame(0, "goes on with nothing"), 1002}
  defp broken_frame(5), do: {Hostile.frame(1, <<255>>), 1007}
  defp broken_frame(6), do: {[<<0x81, 0xFF, 0x7FFF_FFFF_FFFF_FFFF::64, 0::32>>], 1009}

  defp oversized(:too_large), do: [<<0x81, 0xFF, 2_097_152::64, 0::32>>]
  defp oversized(:unread), do: event("ping", @more_zeros)
  defp oversized(event), do: event(event, @zeros)

  defp event(event, zeros),
    do: Hostile.frame(1, ~s(["1","2","room:a","#{event}",{"payload":[0#{zeros}]}]))
end
