defmodule Cantilever.Chat.Socket.ProtocolTest do
  use ExUnit.Case, async: true

  alias Cantilever.Chat.Error
  alias Cantilever.Chat.Socket.Protocol
  alias Cantilever.JSON

  test "a client is told the reason of an error, and its message" do
    assert Protocol.reason(Error.new(:timeout, "too long")) == {:timeout, "too long"}
    assert Protocol.reason({:unauthorized, "not you"}) == {:unauthorized, "not you"}
  end

  test "what is refused is answered with both, under the refs of the request" do
    {:ok, request} = Protocol.read(~s(["1","2","room:a","message",{}]), :text)
    {:text, text} = Protocol.refusal(Protocol.refs(request), "room:a", {:timeout, "too long"})

    assert JSON.decode!(text) ==
             [
               "1",
               "2",
               "room:a",
               "phx_reply",
               %{
                 "status" => "error",
                 "response" => %{"reason" => "timeout", "message" => "too long"}
               }
             ]
  end

  test "a text is a message as deep as one that can be answered may be, and no deeper" do
    nested = fn depth -> String.duplicate("[", depth) <> String.duplicate("]", depth) end
    text = fn depth -> ~s([null,"2","room:a","ping",#{nested.(depth)}]) end

    assert {:ok, %{join_ref: nil, payload: payload}} = Protocol.read(text.(255), :text)
    assert {:text, _written} = Protocol.reply({nil, "2"}, "room:a", :ok, payload)
    assert {:error, _too_deep} = Protocol.read(text.(256), :text)
  end
end
