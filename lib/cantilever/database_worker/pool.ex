defmodule Cantilever.DatabaseWorker.Pool do
  @moduledoc false
  # Who has which connection, and who waits for one: pure, the worker acts on it.

  alias Cantilever.DatabaseWorker.Pool.Borrower
  alias Cantilever.DatabaseWorker.Pool.Place

  @enforce_keys [:places, :max_queue]
  defstruct [:places, :max_queue, writer: :queue.new(), reader: :queue.new()]

  @type t :: %__MODULE__{
          places: %{non_neg_integer => Place.t()},
          max_queue: pos_integer,
          writer: :queue.queue(Borrower.t()),
          reader: :queue.queue(Borrower.t())
        }

  # The place of the writer is 0.
  @spec new(non_neg_integer, pos_integer) :: t
  def new(readers, max_queue) do
    places =
      for id <- 0..readers, into: %{} do
        {id, %Place{id: id, role: if(id == 0, do: :writer, else: :reader)}}
      end

    %__MODULE__{places: places, max_queue: max_queue}
  end

  # Who writes can read too, where there are no readers.
  @spec role(t, :writer | :reader) :: :writer | :reader
  def role(%__MODULE__{places: places}, :reader) when map_size(places) > 1, do: :reader
  def role(_pool, _role), do: :writer

  @spec update(t, non_neg_integer, keyword) :: t
  def update(pool, id, changes),
    do: put_in(pool.places[id], struct!(pool.places[id], changes))

  @spec enqueue(t, Borrower.t()) :: {:ok, t} | :full
  def enqueue(pool, borrower) do
    queue = Map.fetch!(pool, borrower.role)

    if :queue.len(queue) >= pool.max_queue,
      do: :full,
      else: {:ok, Map.put(pool, borrower.role, :queue.in(borrower, queue))}
  end

  # Who was taken out and cannot have it after all: the next one again.
  @spec put_back(t, Borrower.t()) :: t
  def put_back(pool, borrower),
    do: Map.update!(pool, borrower.role, &:queue.in_r(borrower, &1))

  # The next one who can have a connection, and that.
  @spec next(t, :writer | :reader) :: {Borrower.t(), Place.t(), t} | nil
  def next(pool, role) do
    with %Place{} = place <- idle(pool, role),
         {{:value, borrower}, queue} <- :queue.out(Map.fetch!(pool, role)) do
      {borrower, place, Map.put(pool, role, queue)}
    else
      _nobody -> nil
    end
  end

  # All who wait, for whom there is nothing to wait for.
  @spec give_up_waiting(t, :writer | :reader) :: {[Borrower.t()], t}
  def give_up_waiting(pool, role),
    do: {:queue.to_list(Map.fetch!(pool, role)), Map.put(pool, role, :queue.new())}

  # Who no longer waits.
  @spec take_waiting(t, (Borrower.t() -> boolean)) :: {Borrower.t() | nil, t}
  def take_waiting(pool, fun) do
    Enum.reduce([:writer, :reader], {nil, pool}, fn role, {found, pool} ->
      {matching, others} = pool |> Map.fetch!(role) |> :queue.to_list() |> Enum.split_with(fun)

      case matching do
        [] -> {found, pool}
        [borrower | _] -> {borrower, Map.put(pool, role, :queue.from_list(others))}
      end
    end)
  end

  @spec lent_to(t, (Borrower.t() -> boolean)) :: Place.t() | nil
  def lent_to(pool, fun) do
    Enum.find_value(pool.places, fn {_id, place} ->
      place.state == :lent and fun.(place.borrower) and place
    end)
    |> then(&(&1 || nil))
  end

  # Why none of this role can be had: none is open, and the last attempt of each has failed.
  @spec failure(t, :writer | :reader) :: nil | Cantilever.DatabaseWorker.Error.t()
  def failure(pool, role) do
    places = for {_id, place} <- pool.places, place.role == role, do: place

    if Enum.all?(places, & &1.failure), do: hd(places).failure
  end

  # Why who asks for one of this role is turned away. Only the writer makes the file what readers expect, but those that are open do without it.
  @spec refusal(t, :writer | :reader) :: nil | Cantilever.DatabaseWorker.Error.t()
  def refusal(pool, :writer), do: failure(pool, :writer)

  def refusal(pool, :reader) do
    open? =
      Enum.any?(pool.places, fn {_id, place} ->
        place.role == :reader and place.connection != nil
      end)

    if open?, do: nil, else: failure(pool, :reader) || failure(pool, :writer)
  end

  defp idle(pool, role) do
    Enum.find_value(pool.places, fn {_id, place} ->
      if place.role == role and place.state == :idle, do: place
    end)
  end
end
