defmodule Cantilever.Chat.Socket.ChannelsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Chat.Socket.Channels

  test "what is of the newest join is current, and what is of an earlier one is stale" do
    channels = %{} |> Channels.open("a", "1") |> Channels.open("a", "2")
    assert Channels.join_ref(channels, "a") == "2"

    for {join_ref, current?} <- [{"2", true}, {"1", false}, {nil, true}] do
      assert Channels.current?(channels, "a", join_ref) == current?
      assert Channels.stale?(channels, "a", join_ref) == not current?
    end
  end

  test "of a room that the client has not joined nothing is stale" do
    assert Channels.join_ref(%{}, "a") == nil
    refute Channels.open?(%{}, "a", "1")
    refute Channels.open?(%{}, "a", nil)
    refute Channels.stale?(%{}, "a", "1")
    refute Channels.current?(%{}, "a", "1")
  end

  test "a channel that has failed is not open, whatever its join was" do
    channels = %{} |> Channels.open("a", "1") |> Channels.error("a", 7)
    assert channels == %{"a" => {:errored, 7}}
    refute Channels.open?(channels, "a", "1")
    refute Channels.stale?(channels, "a", "1")
    assert Channels.join_ref(channels, "a") == nil

    # Of one that has not come as far as a message, nothing is known.
    channels = Channels.error(channels, "a", nil)
    assert Channels.current?(channels, "a", "1")
    assert channels |> Channels.open("a", "2") |> Channels.open?("a", "2")
  end

  test "is closed by its own join, and not by an earlier one" do
    channels = Channels.open(%{}, "a", "2")
    assert Channels.close(channels, "a", "1") == channels
    assert Channels.close(channels, "a", nil) == channels
    assert Channels.close(channels, "a", "2") == %{}
    assert Channels.close(channels, "a") == %{}
    failed = Channels.error(channels, "a", 7)
    assert Channels.close(failed, "a", "2") == failed
  end

  test "a join without a join_ref is one like others" do
    channels = Channels.open(%{}, "a", nil)
    assert Channels.open?(channels, "a", nil)
    refute Channels.open?(channels, "a", "1")
    assert Channels.stale?(channels, "a", "1")
    assert Channels.close(channels, "a", nil) == %{}
  end
end
