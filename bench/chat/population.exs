Code.require_file("deliveries.exs", __DIR__)

defmodule Cantilever.Bench.Chat.Population do
  @moduledoc """
  A chat with many connections, whose clients count what they get.

      population = Population.start(rooms: 1_000, connections: 100_000)
      {:ok, _seq} = Chat.broadcast(population.chat, Population.room(7), "ann", "Hi")
      Population.wait(population, 100)
      Population.stop(population)
  """

  @behaviour Cantilever.Chat.Transport

  alias Cantilever.Bench.Chat.Deliveries
  alias Cantilever.Chat
  alias Cantilever.Chat.UserConnection

  @joiners 8
  @chat Cantilever.Bench.TheChat

  @enforce_keys [:chat, :tree, :deliveries]
  defstruct @enforce_keys

  @type t :: %__MODULE__{chat: atom, tree: pid, deliveries: Deliveries.t()}

  @impl Cantilever.Chat.Transport
  def push(deliveries, "message", _message), do: Deliveries.add(deliveries)
  def push(_deliveries, event, payload), do: raise("#{event} #{inspect(payload)}")

  @doc "A chat with nobody in it."
  @spec empty(keyword) :: t
  def empty(options \\ []) do
    {:ok, tree} = Chat.start_link([name: @chat, max_connections: 2_000_000] ++ options)
    %__MODULE__{chat: @chat, tree: tree, deliveries: Deliveries.new()}
  end

  @doc "A chat of `connections` connections, each of a user of its own, spread over `rooms` rooms."
  @spec start([{:connections | :rooms, pos_integer} | {atom, term}]) :: t
  def start(options) do
    {size, options} = Keyword.split(options, [:connections, :rooms])
    population = empty(options)
    join(population, 1..size[:connections], &room(rem(&1, size[:rooms])))
    population
  end

  @doc "Lets the users of `numbers` join."
  @spec join(t, Range.t(), (integer -> String.t()), pid | nil) :: :ok
  def join(population, numbers, room_of, owner \\ nil) do
    first..last = numbers

    1..@joiners
    |> Enum.map(fn joiner ->
      Task.async(fn ->
        for number <- (first + joiner - 1)..last//@joiners do
          {:ok, connection} =
            Chat.connect(population.chat, "user-#{number}",
              transport: {__MODULE__, population.deliveries},
              owner: owner
            )

          {:ok, _joined} = UserConnection.join(connection, room_of.(number), timeout: 60_000)
        end

        :ok
      end)
    end)
    |> Task.await_many(:infinity)

    :ok
  end

  @spec room(non_neg_integer) :: String.t()
  def room(number), do: "room-#{number}"

  @doc "How many messages all clients have got."
  @spec delivered(t) :: non_neg_integer
  def delivered(population), do: Deliveries.count(population.deliveries)

  @doc "Waits until all clients together have got `count` messages."
  @spec wait(t, non_neg_integer) :: :ok
  def wait(population, count), do: Deliveries.wait(population.deliveries, count)

  @spec stop(t) :: :ok
  def stop(population), do: Supervisor.stop(population.tree, :normal, :infinity)
end
