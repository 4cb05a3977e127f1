defmodule Mix.Tasks.Cantilever.Doctor do
  @shortdoc "Tells whether a call keeps the node responsive"

  @moduledoc """
  Tells whether a call keeps the node responsive, and what to do if not.

      $ mix cantilever.doctor "MyApp.Native.count_primes(100_000)"

  It starts the application, calls EXPR once to see that it works, and then measures for about ten seconds: the node
  left idle, running pure Elixir, and running EXPR over and over, in turns. Then it prints how long other processes
  waited for an answer, how busy the schedulers were, and a verdict with its reasons. `Cantilever.Responsiveness` says
  how it measures.

      $ mix cantilever.doctor "MyApp.Native.thumbnail(picture, 200)" \\
          --before 'picture = File.read!("a.jpg")' --html out/thumbnail.html

  EXPR is any Elixir code. It is compiled, so what is measured is the call and not an interpreter. Quotes keep the shell
  from taking it apart. Several processes run it at the same time, so it must be able to. If it does not end, the task
  does not either, unless `--timeout` says how long to wait. (Native code that never returns holds up the end of the VM
  too: the line is printed then, but only the system can end the task.)

  ## Options

  #{Cantilever.Responsiveness.CommandLine.docs()}

  ## Exit status

    * 0 - the call is fine
    * 1 - it fails: the reasons are printed
    * 2 - it could not be measured, or the page could not be written: one line on standard error says why

  So a check in CI is one line. The bounds are those of the options; a machine that is busy with other things makes the
  figures worse for pure Elixir too, which is what they are compared with.
  """

  use Mix.Task

  alias Cantilever.Responsiveness
  alias Cantilever.Responsiveness.CallTimeout
  alias Cantilever.Responsiveness.CommandLine
  alias Cantilever.Responsiveness.Expression
  alias Cantilever.Responsiveness.FirstCall
  alias Cantilever.Responsiveness.Machine
  alias Cantilever.Responsiveness.Page
  alias Cantilever.Responsiveness.ProgressLine
  alias Cantilever.Responsiveness.ReportsLost
  alias Cantilever.Responsiveness.Summary
  alias Cantilever.WholeFile

  @fails 1
  @not_measured 2

  @impl Mix.Task
  def run(argv) do
    with {:ok, command} <- CommandLine.parse(argv),
         :ok <- writable(command.html),
         :ok <- start_app(),
         {:ok, report} <- trapping_exits(fn -> examine(command) end) do
      if report.verdict.status == :fails, do: exit({:shutdown, @fails}), else: :ok
    else
      {:error, message} ->
        Mix.shell().error("mix cantilever.doctor: #{message}")
        exit({:shutdown, @not_measured})
    end
  end

  defp examine(command) do
    # No module can be loaded while native code holds a scheduler, and then an error is to be told too.
    :ok = :code.ensure_modules_loaded([Mix.Shell, Mix.shell()])

    with {:ok, fun} <- Expression.compile(command.expression, command.before),
         {:ok, first} <- FirstCall.make(fun, Keyword.take(command.measure, [:timeout])),
         :ok = Mix.shell().info(first),
         {:ok, report} <- measure(fun, command.measure),
         :ok = Mix.shell().info(["\n", Summary.render(report)]),
         :ok <- write_page(report, command) do
      {:ok, report}
    end
  end

  # What `--before` starts may be linked to this process. If it crashes, the calls tell: ending with it would be the status of a call
  # that fails.
  defp trapping_exits(fun) do
    before = Process.flag(:trap_exit, true)

    try do
      fun.()
    after
      Process.flag(:trap_exit, before)
    end
  end

  # Tried before the work, rather than found out after it.
  defp writable(nil), do: :ok
  defp writable(path), do: WholeFile.check(path)

  # What Mix does by itself would end with the status of a call that fails.
  defp start_app do
    _ = Mix.Task.run("app.start")
    # A project may have it for its tasks alone.
    with {:ok, _started} <- Application.ensure_all_started(:cantilever) do
      :ok
    else
      {:error, reason} ->
        {:error, "the application :cantilever does not start: #{inspect(reason)}"}
    end
  rescue
    error in Mix.Error ->
      {:error, "the application does not start: #{Expression.line(error.message)}"}
  catch
    :exit, {:shutdown, _status} ->
      {:error, "the application does not start: see above"}

    kind, reason ->
      {:error,
       "the application does not start, it #{Expression.explain(kind, reason, __STACKTRACE__)}"}
  end

  defp measure(fun, options) do
    report =
      ProgressLine.during(:standard_error, fn tell ->
        Responsiveness.measure(fun, [on_progress: tell] ++ options)
      end)

    {:ok, report}
  rescue
    error in [CallTimeout, ReportsLost] -> {:error, Exception.message(error)}
  catch
    kind, reason ->
      {:error, "a call that was measured #{Expression.explain(kind, reason, __STACKTRACE__)}"}
  end

  defp write_page(_report, %{html: nil}), do: :ok

  defp write_page(report, command) do
    page =
      Page.render(report, %{
        expression: command.expression,
        before: command.before,
        machine: Machine.describe(),
        at: DateTime.utc_now()
      })

    with :ok <- WholeFile.write(command.html, page) do
      Mix.shell().info("\nsee #{command.html}")
    end
  end
end
