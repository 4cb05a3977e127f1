defmodule Cantilever.Nif.Probe do
  @moduledoc false
  # Asks a library which functions it has, for those that leave no trace in its bytes: a child VM loads it
  # into an empty module of the right name. A library that brings its VM down does no harm here.

  # Arguments after -extra are the names of two files, so nothing has to be quoted for a shell.
  @script ~c"""
  [In, Out] = init:get_plain_arguments(),
  {ok, Question} = file:read_file(In),
  {Module, Code, Path, Data} = binary_to_term(Question),
  {module, Module} = code:load_binary(Module, "probe", Code),
  Answer = case Module:'$load'(Path, Data) of ok -> {ok, Module:module_info(nifs)}; Error -> Error end,
  ok = file:write_file(Out, term_to_binary(Answer)),
  halt(0).
  """

  @spec functions(module(), [{atom(), arity()}], Path.t(), term()) ::
          {:ok, [{atom(), arity()}]} | {:error, term()}
  def functions(module, stubs, file, load_data) do
    dir =
      Path.join(
        System.tmp_dir!(),
        "cantilever-probe-#{System.pid()}-#{System.unique_integer([:positive])}"
      )

    File.mkdir_p!(dir)
    question = Path.join(dir, "question")
    answer = Path.join(dir, "answer")

    try do
      term =
        {module, code(module, stubs), file |> Path.rootname() |> String.to_charlist(), load_data}

      File.write!(question, :erlang.term_to_binary(term))

      {output, status} =
        System.cmd(
          Path.join([:code.root_dir(), "bin", "erl"]),
          [
            "-noinput",
            "-boot",
            "start_clean",
            "-eval",
            to_string(@script),
            "-extra",
            question,
            answer
          ],
          # Flags of the parent, such as a node name, must not reach its child, and a crash leaves no dump.
          env: [
            {"ERL_AFLAGS", nil},
            {"ERL_FLAGS", nil},
            {"ERL_ZFLAGS", nil},
            {"ERL_CRASH_DUMP_SECONDS", "0"}
          ],
          stderr_to_stdout: true
        )

      case File.read(answer) do
        {:ok, binary} -> :erlang.binary_to_term(binary)
        {:error, _reason} -> {:error, {:exit_status, status, output}}
      end
    after
      File.rm_rf!(dir)
    end
  end

  defp code(module, stubs) do
    line = 1
    functions = for {name, arity} <- stubs, do: function(line, name, arity)

    load =
      {:function, line, :"$load", 2,
       [
         {:clause, line, [{:var, line, :Path}, {:var, line, :Data}], [],
          [
            {:call, line, {:remote, line, {:atom, line, :erlang}, {:atom, line, :load_nif}},
             [{:var, line, :Path}, {:var, line, :Data}]}
          ]}
       ]}

    forms = [
      {:attribute, line, :module, module},
      {:attribute, line, :export, [{:"$load", 2} | stubs]},
      load | functions
    ]

    {:ok, ^module, binary} = :compile.forms(forms, [])
    binary
  end

  defp function(line, name, arity) do
    args = List.duplicate({:var, line, :_}, arity)
    {:function, line, name, arity, [{:clause, line, args, [], [{:atom, line, :stub}]}]}
  end
end
