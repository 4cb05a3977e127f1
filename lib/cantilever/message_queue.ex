defmodule Cantilever.MessageQueue do
  @moduledoc """
  A bounded queue that stores many messages at a time, and acknowledges each when it is stored.

      iex> commit = fn messages -> {:ok, Enum.map(messages, &{:ok, String.length(&1)})} end
      iex> {:ok, queue} = Cantilever.MessageQueue.start_link(commit: commit)
      iex> Cantilever.MessageQueue.put(queue, "Hello")
      {:ok, 5}

  For what stores a thousand messages in nearly the time of one, as a database does that has to reach the disk with each
  transaction. Usually a supervisor starts it:

      children = [
        {Cantilever.MessageQueue, name: MyApp.Queue, commit: &MyApp.Storage.insert_all/1}
      ]

  ## The commit function

  It gets a list of messages in the order in which they came, and returns

    * `{:ok, results}`, with `{:ok, receipt}` or `{:error, reason}` for each message, in order. Its sender gets the receipt, or an
      error with the reason `:refused`: a message that cannot be stored does not hold up the others;
    * `{:error, reason}` if nothing was stored. The same messages are tried again, after a time that doubles with each failure
      and is partly chance, for as long as it takes, and nothing behind them overtakes them;
    * `{:unknown, reason}` if it cannot tell.

  If it raises, throws, exits, is killed, or returns something else, nobody can tell either. Such messages are not tried again, for
  they could be stored twice: their senders get an error with the reason `:unconfirmed`.

  It runs in a process of its own, one batch at a time, and may take as long as it likes. It must not put messages into its own
  queue and wait for them.

  ## What a sender can rely on

    * A message is acknowledged after the commit function has said that it is stored, never before.
    * Every sender gets exactly one answer, also when the commit function or the queue is killed. `Cantilever.MessageQueue.Error` says
      for each reason whether the message was stored.
    * A message whose timeout passes while it waits is taken out, and is not stored later. Timeouts count the time in the queue, and
      are looked at about every 20 ms.
    * Messages are stored in the order in which they came to the queue.
    * The queue answers at once, whatever the commit function does: when a bound is reached, with the reason `:overloaded`.

  A queue that is shut down takes no more messages, and stores those that it holds, with all the tries that it takes, until
  `:drain_timeout_ms` has passed. The messages are in memory alone: those that are not acknowledged when it is killed are lost, and
  their senders know.

  ## Batches

  A batch is stored when its first message has waited for `:batch_window_ms`, or when there are `:batch_messages` or `:batch_bytes`. While
  one is being stored, the next gathers: so batches grow with the load. A message waits only if others are to be expected, as the batch before
  had `:batch_siblings` messages or more. One that comes alone is stored at once.

  ## Options

  #{Cantilever.MessageQueue.Options.docs()}
  """

  alias Cantilever.MessageQueue.Error
  alias Cantilever.MessageQueue.Options
  alias Cantilever.MessageQueue.Server

  # The queue itself looks at timeouts. Senders wait a little longer, in case it cannot even do that.
  @grace_ms 1_000

  # For the queue to give its last answers when the time to drain is over.
  @shutdown_grace_ms 1_000

  @typedoc "A queue's process or its name."
  @type queue :: GenServer.server()

  @typedoc """
  About one message:

    * `:key` - whose message it is, for `:max_per_key`: any term, or nil, the default, for nobody's
    * `:bytes` - how large it is; by default what `:erlang.external_size/1` says
    * `:timeout` - how many milliseconds it may wait, or `:infinity`; 5,000 by default
  """
  @type put_option :: {:key, term} | {:bytes, non_neg_integer} | {:timeout, timeout}

  @typedoc "What a queue holds; see `info/1`."
  @type info :: %{
          messages: non_neg_integer,
          bytes: non_neg_integer,
          keys: non_neg_integer,
          in_batch: non_neg_integer,
          batches: non_neg_integer,
          failures: non_neg_integer,
          failing_ms: non_neg_integer | nil,
          last_error: term
        }

  @doc "Returns the specification for a supervisor, which gives the queue the time to drain."
  @spec child_spec(keyword) :: Supervisor.child_spec()
  def child_spec(options) do
    %{name: name, drain_timeout_ms: drain_timeout_ms} = Options.new!(options)

    %{
      id: name || __MODULE__,
      start: {__MODULE__, :start_link, [options]},
      shutdown: drain_timeout_ms + @shutdown_grace_ms
    }
  end

  @doc """
  Starts a queue, linked to the calling process.

  Raises an `ArgumentError` that names the option if one is unknown, wrong or missing.
  """
  @spec start_link(keyword) :: GenServer.on_start()
  def start_link(options), do: options |> Options.new!() |> Server.start_link()

  @doc """
  Puts a message into the queue and waits until it is stored.

      iex> commit = fn messages -> {:ok, for(number <- messages, do: if(number > 0, do: {:ok, -number}, else: {:error, :too_small}))} end
      iex> {:ok, queue} = Cantilever.MessageQueue.start_link(commit: commit)
      iex> Cantilever.MessageQueue.put(queue, 7, key: "room 1", timeout: 1_000)
      {:ok, -7}
      iex> {:error, error} = Cantilever.MessageQueue.put(queue, 0)
      iex> {error.reason, error.cause}
      {:refused, :too_small}

  Returns an error for a queue that does not run, too. Raises an `ArgumentError` for wrong options only.
  """
  @spec put(queue, term, [put_option]) :: {:ok, term} | {:error, Error.t()}
  def put(queue, message, options \\ []) do
    options = Options.put!(options, message, :put)
    GenServer.call(queue, {:put, message, options}, patience(options.timeout))
  catch
    :exit, {:noproc, _call} ->
      {:error, Error.new(:stopped)}

    :exit, {reason, {GenServer, :call, _call}} ->
      {:error, Error.new(:unconfirmed, {:exit, reason})}
  end

  @doc """
  Puts a message into the queue on behalf of another process, or of nobody, and does not wait.

      iex> {:ok, queue} = Cantilever.MessageQueue.start_link(commit: fn messages -> {:ok, Enum.map(messages, &{:ok, &1})} end)
      iex> ref = make_ref()
      iex> :ok = Cantilever.MessageQueue.put_async(queue, "Hello", reply_to: {self(), ref})
      iex> receive do: ({^ref, answer} -> answer)
      {:ok, "Hello"}

  The options are those of `put/3`, and `:reply_to`, a `t:GenServer.from/0` that is answered as by `GenServer.reply/2`, with what `put/3` would
  return. That is also how a `GenServer` lets its own caller wait for the queue. Without it, nobody hears what became of the message.

  If the queue does not run, that is the answer. If it is killed, there is none: who waits should monitor it, as `GenServer.call/3` does for
  `put/3`.
  """
  @spec put_async(queue, term, [put_option | {:reply_to, GenServer.from() | nil}]) :: :ok
  def put_async(queue, message, options \\ []) do
    %{reply_to: reply_to} = options = Options.put!(options, message, :put_async)

    case {GenServer.whereis(queue), reply_to} do
      {nil, nil} -> :ok
      {nil, reply_to} -> GenServer.reply(reply_to, {:error, Error.new(:stopped)})
      {server, _reply_to} -> GenServer.cast(server, {:put, message, options})
    end
  end

  @doc """
  Returns what the queue holds and how it fares.

      iex> {:ok, queue} = Cantilever.MessageQueue.start_link(commit: fn _messages -> {:error, :away} end)
      iex> Cantilever.MessageQueue.info(queue)
      %{messages: 0, bytes: 0, keys: 0, in_batch: 0, batches: 0, failures: 0, failing_ms: nil, last_error: nil}

    * `messages` and `bytes` - what it holds, with the batch that is being stored, which has `in_batch` messages
    * `keys` - how many keys these messages have
    * `batches` - how many have been stored
    * `failures` - how often in a row the commit function has said `{:error, reason}`, for `failing_ms` milliseconds
    * `last_error` - the reason of the last failure, until a batch is stored
  """
  @spec info(queue) :: info
  def info(queue), do: GenServer.call(queue, :info)

  defp patience(:infinity), do: :infinity
  defp patience(timeout), do: min(timeout + @grace_ms, 0xFFFFFFFF)
end
