defmodule Cantilever.Nif.Stubs do
  @moduledoc false
  # Compares the functions of a module with those of its library. A stub is a function that calls
  # `:erlang.nif_error/1,2`, itself or through a private function that does. Pure, but for `definitions/1`,
  # which reads a module that is being compiled.

  @type function_key :: {atom(), arity()}
  # `via` holds, for a stub that relies on private functions, which ones.
  @type definitions :: %{
          all: [function_key()],
          stubs: [function_key()],
          via: %{function_key() => [function_key()]}
        }
  @type difference :: %{
          missing: [function_key()],
          unknown: [function_key()],
          arity: [{function_key(), function_key()}]
        }

  @spec definitions(module()) :: definitions()
  def definitions(module) do
    bodies =
      for key <- Module.definitions_in(module),
          {:v1, kind, _meta, clauses} <- [Module.get_definition(module, key)],
          kind in [:def, :defp],
          into: %{},
          do: {key, {kind, for({_meta, _args, _guards, body} <- clauses, do: body)}}

    from_bodies(bodies)
  end

  @spec from_bodies(%{function_key() => {:def | :defp, [Macro.t()]}}) :: definitions()
  def from_bodies(bodies) do
    calls = Map.new(bodies, fn {key, {kind, bodies}} -> {key, {kind, calls(bodies)}} end)
    direct = for {key, {kind, calls}} <- calls, :nif_error in calls, do: {kind, key}
    helpers = for {:defp, key} <- direct, do: key
    public = for {:def, key} <- direct, do: key

    via =
      for {key, {:def, calls}} <- calls,
          key not in public,
          used = Enum.filter(helpers, &(&1 in calls)),
          used != [],
          into: %{},
          do: {key, used}

    %{all: sorted_keys(bodies), stubs: Enum.sort(public ++ Map.keys(via)), via: via}
  end

  # `native` is what the library is known to have. A function with a body of its own may stand in for a stub: it
  # is what runs until the library is loaded. And a public function may prepare the arguments of a private one
  # that is native: then it is no stub.
  @spec difference(definitions(), [function_key()]) :: difference()
  def difference(%{all: all, stubs: stubs, via: via}, native) do
    missing = native -- all

    unknown =
      for stub <- stubs,
          stub not in native,
          not Enum.any?(Map.get(via, stub, []), &(&1 in native)),
          do: stub

    # With several candidates on one side, each function is paired once; the rest is missing or unknown.
    arity =
      for({name, _arity} = rust <- missing, {^name, _other} = stub <- unknown, do: {rust, stub})
      |> Enum.uniq_by(&elem(&1, 0))
      |> Enum.uniq_by(&elem(&1, 1))

    %{
      missing: Enum.sort(missing -- Enum.map(arity, &elem(&1, 0))),
      unknown: unknown -- Enum.map(arity, &elem(&1, 1)),
      arity: arity
    }
  end

  @spec message(difference(), module(), String.t()) :: nil | String.t()
  def message(%{missing: [], unknown: [], arity: []}, _module, _crate), do: nil

  def message(difference, module, crate) do
    sections = [
      section("Rust functions without a stub; add to the module:", difference.missing, fn key ->
        "#{show(key)}    #{stub(key)}"
      end),
      section(
        "stubs without a Rust function; write it in the crate or remove the stub:",
        difference.unknown,
        &show/1
      ),
      section(
        "differing arity; change the stub or the Rust function:",
        difference.arity,
        fn {rust, stub} ->
          "Rust has #{show(rust)}, the module has #{show(stub)}    #{stub(rust)}"
        end
      )
    ]

    "#{inspect(module)} and its crate #{inspect(crate)} differ\n" <> Enum.join(sections)
  end

  defp section(_title, [], _show), do: ""

  defp section(title, entries, show),
    do: "\n  #{title}\n" <> Enum.map_join(entries, &"    #{show.(&1)}\n")

  defp show({name, arity}), do: "#{name}/#{arity}"

  defp stub({name, arity}) do
    args = Enum.map_join(1..arity//1, ", ", &"_arg#{&1}")
    call = if args == "", do: "#{name}", else: "#{name}(#{args})"
    "def #{call}, do: :erlang.nif_error(:nif_not_loaded)"
  end

  defp calls(bodies) do
    {_bodies, calls} =
      Macro.prewalk(bodies, [], fn
        {{:., _, [:erlang, :nif_error]}, _, args} = node, calls when length(args) in 1..2 ->
          {node, [:nif_error | calls]}

        {name, _, args} = node, calls when is_atom(name) and is_list(args) ->
          {node, [{name, length(args)} | calls]}

        node, calls ->
          {node, calls}
      end)

    calls
  end

  defp sorted_keys(map), do: map |> Map.keys() |> Enum.sort()
end
