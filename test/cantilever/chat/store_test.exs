defmodule Cantilever.Chat.StoreTest do
  use ExUnit.Case, async: true

  alias Cantilever.Chat.Entry
  alias Cantilever.Chat.Store

  doctest Cantilever.Chat.Store
  doctest Cantilever.Chat.Store.Error

  defmodule Away do
    @behaviour Store
    @impl Store
    def new(_chat, options), do: options
    @impl Store
    def child_specs(_chat, _options), do: []
    @impl Store
    def append([answer: answer], _entries), do: answer
    @impl Store
    def recent(_config, _room_id, _limit), do: {:ok, []}
    @impl Store
    def newer(_config, _room_id, _after_seq, _limit), do: {:ok, []}
    @impl Store
    def older(_config, _room_id, _before_seq, _limit), do: {:ok, []}
    @impl Store
    def settle(_config), do: :ok
  end

  @valid %Entry{room_id: "r", user_id: "u", json: "1"}
  @invalid %Entry{room_id: "r", user_id: 1, json: "1"}

  describe "new/2" do
    test "takes a module, or a module with options" do
      assert Store.new(:chat, Away) == {Away, []}
      assert Store.new(:chat, {Away, answer: 1}) == {Away, answer: 1}
    end

    test "says what a store is" do
      for wrong <- [nil, "sqlite", Enum, {Away, %{}}, {Away, [1]}, NoSuchModule, {1, []}] do
        assert_raise ArgumentError, ~r/a store is a module .* got: /, fn ->
          Store.new(:chat, wrong)
        end
      end
    end
  end

  describe "append/2" do
    test "passes on that nothing was stored, and that it is unknown" do
      error = %Store.Error{reason: :unavailable, message: "away"}

      for answer <- [{:error, error}, {:unknown, error}] do
        assert Store.append({Away, answer: answer}, [@invalid, @valid]) == answer
      end
    end

    test "asks no store for a list without valid entries" do
      assert {:ok, [error: %Store.Error{reason: :invalid}]} =
               Store.append({Away, answer: :not_asked}, [@invalid])
    end
  end
end
