Code.require_file("../support/progress.exs", __DIR__)

defmodule Cantilever.Bench.Conformance.Suite do
  @moduledoc """
  Runs the Autobahn test suite against a server, as its client.

      Cantilever.Bench.Conformance.Suite.run!(python, "ws://127.0.0.1:4000/", ["1.*", "2.*"])
      #=> [%{id: "1.1.1", section: 1, verdict: :ok, …}, …]

  A case is about how a connection goes on, and about how it is closed. The suite judges both, and the worse of them is the verdict here.
  """

  alias Cantilever.Bench.Progress

  # The folder of a case's report is named after it.
  @agent "cantilever"

  # From the best to the worst. What is not here has failed: "FAILED", "WRONG CODE", "UNCLEAN", "FAILED BY CLIENT", "UNIMPLEMENTED".
  @verdicts %{"OK" => :ok, "INFORMATIONAL" => :informational, "NON-STRICT" => :non_strict}
  @order [:ok, :informational, :non_strict, :failed]

  @type verdict :: :ok | :informational | :non_strict | :failed
  @type judged :: %{
          id: String.t(),
          section: pos_integer,
          verdict: verdict,
          # As the suite says it: of the messages, and of the end.
          behavior: String.t(),
          close: String.t(),
          # What was seen, and what was to be, in sentences.
          seen: String.t(),
          expected: String.t()
        }

  @doc """
  The cases, in the suite's order, as it judged them. `python` is what bin/support/autobahn prints, `cases` are patterns as the suite takes
  them.
  """
  @spec run!(Path.t(), String.t(), [String.t()]) :: [judged]
  def run!(python, url, cases) do
    folder = Path.join(System.tmp_dir!(), "cantilever-conformance-#{System.pid()}")

    File.mkdir_p!(folder)

    try do
      spec = Path.join(folder, "spec.json")
      File.write!(spec, Cantilever.JSON.encode!(spec(url, folder, cases)))
      client!(python, ["-m", "autobahntestsuite.wstest", "-m", "fuzzingclient", "-s", spec])
      judged(folder)
    after
      File.rm_rf!(folder)
    end
  end

  defp spec(url, folder, cases) do
    %{
      "outdir" => folder,
      "servers" => [%{"agent" => @agent, "url" => url}],
      "cases" => cases,
      "exclude-cases" => [],
      "exclude-agent-cases" => %{}
    }
  end

  defp client!(python, arguments) do
    port =
      Port.open(
        {:spawn_executable, python},
        [:binary, :exit_status, :stderr_to_stdout, line: 65_536, args: arguments]
      )

    follow(port, nil, [])
  end

  # It says a line for each case that it begins. The last lines are shown if it fails.
  defp follow(port, progress, last) do
    receive do
      {^port, {:data, {_ended?, "Running test case ID " <> _case = line}}} ->
        :ok = Progress.step(progress)
        follow(port, progress, [line])

      {^port, {:data, {_ended?, "Ok, will run " <> count}}} ->
        {count, _cases} = Integer.parse(count)
        follow(port, Progress.new(count), last)

      {^port, {:data, {_ended?, line}}} ->
        follow(port, progress, [line | Enum.take(last, 50)])

      {^port, {:exit_status, 0}} ->
        :ok

      {^port, {:exit_status, status}} ->
        raise "the test suite has failed (exit status #{status}):\n#{last |> Enum.reverse() |> Enum.join("\n")}"
    end
  end

  defp judged(folder) do
    folder
    |> read!("index.json")
    |> Map.get(@agent, %{})
    |> Enum.map(fn {id, %{"reportfile" => file}} -> judge(id, read!(folder, file)) end)
    |> Enum.sort_by(&numbers(&1.id))
  end

  defp judge(id, report) do
    %{"behavior" => behavior, "behaviorClose" => close} = report

    %{
      id: id,
      section: hd(numbers(id)),
      verdict: worse(verdict(behavior), verdict(close)),
      behavior: behavior,
      close: close,
      seen: text([report["result"], report["resultClose"]]),
      expected: text([report["expectation"]])
    }
  end

  defp verdict(behavior), do: Map.get(@verdicts, behavior, :failed)

  defp worse(a, b),
    do: Enum.max_by([a, b], fn verdict -> Enum.find_index(@order, &(&1 == verdict)) end)

  # They are written for a page.
  defp text(sentences) do
    sentences
    |> Enum.filter(&is_binary/1)
    |> Enum.join(" ")
    |> String.replace(~r/<[^>]*>|\s+/, " ")
    |> String.replace(~r/ +/, " ")
    |> String.trim()
  end

  defp numbers(id), do: id |> String.split(".") |> Enum.map(&String.to_integer/1)

  # Python writes halves of surrogate pairs, which are in the cases, as JSON that is none.
  defp read!(folder, file) do
    folder
    |> Path.join(file)
    |> File.read!()
    |> String.replace(~r/\\u[dD][89a-fA-F]/, "\\\\uFF")
    |> Cantilever.JSON.decode!()
  end
end
