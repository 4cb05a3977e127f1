defmodule Cantilever.Chat.Users do
  @moduledoc false
  # The connections of a chat by their users. The registry may be restarting: then it says so.

  import Cantilever.Chat.Error, only: [error: 2]

  alias Cantilever.Chat.Config
  alias Cantilever.Chat.Error
  alias Cantilever.Chat.Owners

  # Those that come in the same moment have all found room for one more. So each counts again when it is there itself: the last one of those that stay
  # has counted all of them. At the limit they may turn each other away, and come again, where one might have stayed; they are never too many.
  @doc "Registers the calling process as a new connection, unless it is one too many."
  @spec enter(Config.t(), String.t() | pid, pid | nil) ::
          :ok | :unavailable | {:error, Error.t()}
  def enter(config, key, owner) do
    with :ok <- put(config.user_registry, key, owner),
         :ok <- Owners.own(config, owner),
         {:error, %{reason: :too_many_connections}} = too_many <- limits(config, key, 0) do
      :ok = leave(config, key, owner)
      too_many
    else
      :unavailable -> :unavailable
      _counted_or_being_restarted -> :ok
    end
  end

  @doc "Registers the calling process, with the process that owns it. It may be known already."
  @spec register(Config.t(), String.t() | pid, pid | nil) :: :ok | :unavailable
  def register(config, key, owner) do
    with :ok <- put_again(config.user_registry, key, owner), do: Owners.own(config, owner)
  end

  # The registry lets a process register the same key many times.
  defp put_again(registry, key, owner) do
    if Enum.any?(Registry.lookup(registry, key), &(elem(&1, 0) == self())),
      do: :ok,
      else: put(registry, key, owner)
  rescue
    ArgumentError -> :unavailable
  end

  defp put(registry, key, owner) do
    {:ok, _partition} = Registry.register(registry, key, owner)
    :ok
  rescue
    ArgumentError -> :unavailable
  end

  # Whoever ends without it is found by the registry's partition. That takes the square of how many end at once: each time that it collects its garbage, it
  # looks at all that waits in its mailbox.
  @doc "Takes the calling process out, which is about to end."
  @spec leave(Config.t(), String.t() | pid, pid | nil) :: :ok
  def leave(config, key, owner) do
    :ok = unregister(config.user_registry, key)
    # Later, so that who reads the registry in place of hearing this does not find it there.
    Owners.disown(config, owner)
  end

  defp unregister(registry, key) do
    Registry.unregister(registry, key)
  rescue
    # It is being restarted, without this one.
    ArgumentError -> :ok
  end

  @doc "The connections of a user, each with its owner."
  @spec connections(Config.t(), String.t() | pid) ::
          {:ok, [{pid, owner :: pid | nil}]} | {:error, Error.t()}
  def connections(config, key) do
    {:ok, Registry.lookup(config.user_registry, key)}
  rescue
    ArgumentError -> error(:unavailable, "the registry of users is being restarted")
  end

  @doc "The connections that have owners, each after its own."
  @spec owned(Config.t()) :: {:ok, [{owner :: pid, pid}]} | :unavailable
  def owned(config) do
    owned = {{:_, :"$1", :"$2"}, [{:is_pid, :"$2"}], [{{:"$2", :"$1"}}]}
    {:ok, Registry.select(config.user_registry, [owned])}
  rescue
    # A partition is being restarted, of which nothing is lost: who was in it comes again. Of the others nobody does.
    ArgumentError -> :unavailable
  end

  @doc "The processes of all connections, in no order."
  @spec pids(Config.t()) :: [pid]
  def pids(config) do
    Registry.select(config.user_registry, [{{:_, :"$1", :_}, [], [:"$1"]}])
  rescue
    ArgumentError -> []
  end

  @doc "Whether the chat's limits allow the user another connection."
  @spec room_for_one_more(Config.t(), String.t() | pid) :: :ok | {:error, Error.t()}
  def room_for_one_more(config, key), do: limits(config, key, 1)

  defp limits(config, key, more) do
    %{connections_per_user: per_user, max_connections: in_all} = config.options

    with {:ok, connections} <- connections(config, key) do
      cond do
        length(connections) + more > per_user ->
          error(
            :too_many_connections,
            "the user #{inspect(key)} has #{per_user} connections, as connections_per_user allows"
          )

        Registry.count(config.user_registry) + more > in_all ->
          error(
            :too_many_connections,
            "the chat has #{in_all} connections, as max_connections allows"
          )

        true ->
          :ok
      end
    end
  rescue
    # A partition that is being restarted counts for nothing, or for no number.
    _gone in [ArgumentError, ArithmeticError] ->
      error(:unavailable, "the registry of users is being restarted")
  end
end
