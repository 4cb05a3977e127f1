defmodule Cantilever.LogCollector do
  @moduledoc false
  # A handler of the VM's logger that sends to a process what native code has logged, and what tests do with it in another
  # VM. (Code that is evaluated there must not receive itself: with many messages OTP 25 crashes.)

  alias Cantilever.KitNif

  @spec start(pid()) :: atom()
  def start(pid) do
    id = :"log_collector_#{System.unique_integer([:positive])}"
    :ok = :logger.add_handler(id, __MODULE__, %{config: %{pid: pid}})
    id
  end

  @spec stop(atom()) :: :ok
  def stop(id), do: :logger.remove_handler(id)

  @doc false
  # The callback of a logger handler.
  @spec log(:logger.log_event(), :logger.handler_config()) :: term()
  def log(%{meta: %{domain: [:cantilever]}, msg: {:string, text}} = event, %{config: %{pid: pid}}) do
    send(pid, {:logged, IO.chardata_to_string(text), event.level, event.meta})
  end

  def log(_other, _config), do: :ok

  # Logs so many records at once and returns their texts, as they came.
  @spec burst(pos_integer(), pos_integer()) :: [String.t()]
  def burst(count, bytes) do
    collecting(fn ->
      ^count = KitNif.log_burst(count, bytes)
      last()
    end)
  end

  # The same while nobody takes them. How many messages waited, how many texts came, and how many were said to be lost.
  @spec burst_while_suspended(pos_integer(), pos_integer()) :: {integer(), integer(), integer()}
  def burst_while_suspended(count, bytes) do
    collecting(fn ->
      logger = Process.whereis(Cantilever.NativeLogger)
      :ok = :sys.suspend(logger)
      ^count = KitNif.log_burst(count, bytes)
      {:message_queue_len, waiting} = Process.info(logger, :message_queue_len)
      :ok = :sys.resume(logger)
      # On a busy machine the first thing that comes may be how many were lost.
      first = wait_for("0 " <> String.duplicate("x", bytes))
      texts = first ++ last()
      lost = for text <- texts, lost = lost(text), do: lost
      {waiting, Enum.count(texts, &(&1 =~ ~r/^\d+ x/)), Enum.sum(lost)}
    end)
  end

  # Logs while the process that takes the records is killed, and again when another one is there.
  @spec burst_while_killed(pos_integer()) :: [String.t()]
  def burst_while_killed(count) do
    collecting(fn ->
      logger = Process.whereis(Cantilever.NativeLogger)
      monitor = Process.monitor(logger)
      :ok = :sys.suspend(logger)
      ^count = KitNif.log_burst(count, 1)
      Process.exit(logger, :kill)

      receive do
        {:DOWN, ^monitor, :process, ^logger, :killed} -> last()
      end
    end)
  end

  @spec wait_for(String.t()) :: [String.t()]
  def wait_for(text, before \\ []) do
    receive do
      {:logged, ^text, _level, _meta} -> Enum.reverse([text | before])
      {:logged, other, _level, _meta} -> wait_for(text, [other | before])
    after
      30_000 -> raise "no record has come for half a minute, after #{length(before)}"
    end
  end

  @spec collecting((() -> result)) :: result when result: term()
  def collecting(fun) do
    id = start(self())
    result = fun.()
    :ok = stop(id)
    result
  end

  # Until its turn comes a record may be lost, so it is said again and again.
  defp last(texts \\ []) do
    true = KitNif.log_at("error", "last")

    receive do
      {:logged, "last", _level, _meta} -> Enum.reverse(texts)
      {:logged, text, _level, _meta} -> rest([text | texts])
    after
      100 -> last(texts)
    end
  end

  defp rest(texts) do
    receive do
      {:logged, "last", _level, _meta} -> Enum.reverse(texts)
      {:logged, text, _level, _meta} -> rest([text | texts])
    after
      100 -> last(texts)
    end
  end

  defp lost(text) do
    case Regex.run(~r/: (\d+) records of native code were lost/, text) do
      [_all, lost] -> String.to_integer(lost)
      nil -> nil
    end
  end
end
