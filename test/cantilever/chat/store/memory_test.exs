defmodule Cantilever.Chat.Store.MemoryTest do
  use ExUnit.Case, async: true
  use Cantilever.StoreCases

  alias Cantilever.Chat.Store.Memory

  doctest Cantilever.Chat.Store.Memory

  defp start!(options) do
    chat = :"memory_test_#{System.unique_integer([:positive])}"

    for spec <- Store.child_specs(chat, {Memory, options}),
        do: start_supervised!(spec, id: make_ref())

    Store.new(chat, {Memory, options})
  end

  test "its owner's death forgets all messages, and is an error meanwhile" do
    {Memory, name} = store = start!([])
    append!(store, [entry("a"), entry("a")])
    owner = Process.whereis(name)
    supervisor = hd(Process.info(owner, :dictionary) |> elem(1) |> Keyword.fetch!(:"$ancestors"))
    :ok = :sys.suspend(supervisor)
    monitor = Process.monitor(owner)
    Process.exit(owner, :kill)
    assert_receive {:DOWN, ^monitor, :process, ^owner, :killed}

    assert {:error, %Store.Error{reason: :unavailable}} = Store.append(store, [entry("a")])
    assert {:error, %Store.Error{reason: :unavailable}} = Store.recent(store, "a", 9)
    assert {:error, %Store.Error{reason: :unavailable}} = Store.newer(store, "a", 0, 9)
    assert {:error, %Store.Error{reason: :unavailable}} = Store.older(store, "a", 9, 9)

    :ok = :sys.resume(supervisor)
    _ = Supervisor.which_children(supervisor)
    assert Store.recent(store, "a", 9) == {:ok, []}
    assert [%{seq: 1}] = append!(store, [entry("a")])
  end

  describe "options" do
    test "are checked where they are given" do
      for options <- [[keep: 0], [keep: nil], [kept: 3]] do
        error = assert_raise ArgumentError, fn -> Store.new(:chat, {Memory, options}) end
        assert error.message =~ inspect(options |> Keyword.keys() |> hd())
        assert_raise ArgumentError, fn -> Store.child_specs(:chat, {Memory, options}) end
      end
    end

    test "may keep all" do
      store = start!(keep: :all)
      append!(store, List.duplicate(entry("a"), 1_500))
      assert {:ok, [%{seq: 1} | _]} = Store.recent(store, "a", 9_999)
    end
  end
end
