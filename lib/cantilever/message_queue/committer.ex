defmodule Cantilever.MessageQueue.Committer do
  @moduledoc false
  # The process in which the commit function runs, so that the queue can answer while a disk stalls. It is linked to its queue:
  # a queue that is killed takes it along, and the queue hears of its end, whatever that was.

  alias Cantilever.MessageQueue.Error

  # So long idle, it gives the memory of its last batch back.
  @idle_ms 1_000

  @type commit :: ([term] -> term) | {module, atom, [term]}

  @type outcome ::
          {:stored, [Cantilever.MessageQueue.State.answer()]}
          | {:failed, term}
          | {:lost, term, Exception.stacktrace()}

  @spec start_link(commit) :: pid
  def start_link(commit), do: :proc_lib.spawn_link(__MODULE__, :loop, [self(), commit])

  @doc "Has it store messages; `{:committed, committer, outcome}` comes to the queue."
  @spec commit(pid, [term]) :: :ok
  def commit(committer, messages) do
    send(committer, {:commit, messages})
    :ok
  end

  @doc false
  @spec loop(pid, commit) :: no_return
  def loop(queue, commit) do
    receive do
      {:commit, messages} ->
        send(queue, {:committed, self(), run(commit, messages)})
        loop(queue, commit)

      # Late answers to what the function has asked and no longer waits for.
      _other ->
        loop(queue, commit)
    after
      @idle_ms -> :proc_lib.hibernate(__MODULE__, :loop, [queue, commit])
    end
  end

  @doc "Runs the function and says what became of the messages."
  @spec run(commit, [term]) :: outcome
  def run(commit, messages) do
    commit |> call(messages) |> read(length(messages))
  catch
    :error, reason ->
      {:lost, Exception.normalize(:error, reason, __STACKTRACE__), __STACKTRACE__}

    kind, reason ->
      {:lost, {kind, reason}, __STACKTRACE__}
  end

  defp call({module, function, arguments}, messages),
    do: apply(module, function, [messages | arguments])

  defp call(function, messages), do: function.(messages)

  defp read({:error, reason}, _count), do: {:failed, reason}
  defp read({:unknown, reason}, _count), do: {:lost, reason, []}

  # An improper list has no length, and goes on to the last clause.
  defp read({:ok, results} = returned, count) when length(results) == count do
    answers = Enum.map(results, &answer/1)

    if :wrong in answers,
      do: {:lost, wrong(returned, count), []},
      else: {:stored, answers}
  end

  defp read(returned, count), do: {:lost, wrong(returned, count), []}

  defp answer({:ok, _receipt} = answer), do: answer
  defp answer({:error, reason}), do: {:error, Error.new(:refused, reason)}
  defp answer(_other), do: :wrong

  defp wrong(returned, count) do
    shown = inspect(returned, limit: 10, printable_limit: 200)

    %ArgumentError{
      message:
        "the commit function must return {:ok, results} with {:ok, receipt} or {:error, reason} for each of the #{count} messages, " <>
          "{:error, reason} or {:unknown, reason}, and returned #{shown}"
    }
  end
end
