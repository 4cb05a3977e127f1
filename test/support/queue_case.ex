defmodule Cantilever.QueueCase do
  @moduledoc false
  # For tests of queues: a commit function that does what the test says, and messages whose answers come to the test.

  use ExUnit.CaseTemplate

  import ExUnit.Assertions
  import ExUnit.Callbacks

  alias Cantilever.MessageQueue

  using do
    quote do
      use ExUnit.Case, async: true

      import Cantilever.QueueCase
      import ExUnit.CaptureLog

      alias Cantilever.MessageQueue
      alias Cantilever.MessageQueue.Error

      @moduletag :capture_log
    end
  end

  # Without time to drain, as the test that its committer waits for has ended.
  @spec start!(keyword) :: pid
  def start!(options),
    do: start_supervised!({MessageQueue, [batch_window_ms: 0, drain_timeout_ms: 0] ++ options})

  # A commit function that tells the test what it was given, and waits for `tell/2`.
  @spec obey(pid) :: ([term] -> term)
  def obey(test) do
    fn messages ->
      send(test, {:commit, self(), messages})

      receive do
        {:do, action} -> action.(messages)
      end
    end
  end

  @spec tell(pid, ([term] -> term)) :: term
  def tell(committer, action), do: send(committer, {:do, action})

  @spec committed([term]) :: pid
  def committed(messages) do
    assert_receive {:commit, committer, ^messages}
    committer
  end

  @spec store([term]) :: {:ok, [{:ok, {:stored, term}}]}
  def store(messages), do: {:ok, Enum.map(messages, &{:ok, {:stored, &1}})}

  # Puts from a process of its own, and sends the test `{:answer, message, answer}`.
  @spec put(pid, term, keyword) :: pid
  def put(queue, message, options \\ [timeout: :infinity]) do
    test = self()

    spawn_link(fn -> send(test, {:answer, message, MessageQueue.put(queue, message, options)}) end)
  end

  # Puts one after the other, so that the queue has them in this order, and sends the test `{{:answer, message}, answer}`.
  @spec put_in_order(pid, Enumerable.t(), keyword) :: :ok
  def put_in_order(queue, messages, options \\ [timeout: :infinity]) do
    Enum.each(messages, fn message ->
      options = options ++ [reply_to: {self(), {:answer, message}}]
      :ok = MessageQueue.put_async(queue, message, options)
    end)
  end
end
