defmodule Cantilever.Chat.Store.MemoryTest do
  use ExUnit.Case, async: true
  use Cantilever.StoreCases

  import Cantilever.Eventually

  alias Cantilever.Chat.Store.Memory

  doctest Cantilever.Chat.Store.Memory

  defp start!(options) do
    chat = :"memory_test_#{System.unique_integer([:positive])}"

    for spec <- Store.child_specs(chat, {Memory, options}),
        do: start_supervised!(spec, id: make_ref())

    Store.new(chat, {Memory, options})
  end

  test "the death of the process that writes is an error meanwhile, and forgets nothing" do
    {Memory, name} = store = start!([])
    stored = append!(store, [entry("a"), entry("a")])
    writer = Process.whereis(name)
    supervisor = supervisor(writer)
    :ok = :sys.suspend(supervisor)
    monitor = Process.monitor(writer)
    Process.exit(writer, :kill)
    assert_receive {:DOWN, ^monitor, :process, ^writer, :killed}

    assert {:error, %Store.Error{reason: :unavailable}} = Store.append(store, [entry("a")])
    assert {:error, %Store.Error{reason: :unavailable}} = Store.settle(store)
    assert Store.recent(store, "a", 9) == {:ok, stored}

    :ok = :sys.resume(supervisor)
    _ = Supervisor.which_children(supervisor)
    assert [%{seq: 3}] = append!(store, [entry("a")])
  end

  test "an append whose process dies is of unknown outcome" do
    {Memory, name} = store = start!([])
    writer = Process.whereis(name)
    :ok = :sys.suspend(writer)
    append = Task.async(fn -> Store.append(store, [entry("a")]) end)
    eventually(fn -> Process.info(writer, :message_queue_len) == {:message_queue_len, 1} end)
    Process.exit(writer, :kill)
    assert {:unknown, %Store.Error{reason: :unavailable}} = Task.await(append)
  end

  test "the death of the process that owns its tables forgets all messages, and is an error meanwhile" do
    {Memory, name} = store = start!([])
    append!(store, [entry("a"), entry("a")])
    owner = :ets.info(name, :owner)
    supervisor = supervisor(owner)
    :ok = :sys.suspend(supervisor)
    monitor = Process.monitor(owner)
    Process.exit(owner, :kill)
    assert_receive {:DOWN, ^monitor, :process, ^owner, :killed}

    assert {:error, %Store.Error{reason: :unavailable}} = Store.recent(store, "a", 9)
    assert {:error, %Store.Error{reason: :unavailable}} = Store.newer(store, "a", 0, 9)
    assert {:error, %Store.Error{reason: :unavailable}} = Store.older(store, "a", 9, 9)

    :ok = :sys.resume(supervisor)
    _ = Supervisor.which_children(supervisor)
    assert Store.recent(store, "a", 9) == {:ok, []}
    assert [%{seq: 1}] = append!(store, [entry("a")])
  end

  defp supervisor(pid) do
    {:dictionary, dictionary} = Process.info(pid, :dictionary)
    hd(dictionary[:"$ancestors"])
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
