defmodule Cantilever.Nif.Stubs do
  @moduledoc false
  # Compares the functions of a module with those of its library. A stub is a function that calls
  # `:erlang.nif_error/1,2`, itself or through a private function that does. Pure, but for `definitions/1`,
  # which reads a module that is being compiled.

  @type function_key :: {atom(), arity()}
  @type definitions :: %{all: [function_key()], stubs: [function_key()]}
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
    helpers = for {key, {:defp, bodies}} <- bodies, Enum.any?(bodies, &calls?(&1, [])), do: key

    stubs = for {key, {:def, bodies}} <- bodies, Enum.any?(bodies, &calls?(&1, helpers)), do: key

    %{all: bodies |> Map.keys() |> Enum.sort(), stubs: Enum.sort(stubs)}
  end

  # `native` is what the library says it has. A function with a body of its own may stand in for a stub: it is
  # what runs until the library is loaded.
  @spec difference(definitions(), [function_key()]) :: difference()
  def difference(%{all: all, stubs: stubs}, native) do
    missing = native -- all
    unknown = stubs -- native

    arity =
      for {name, _arity} = rust <- missing,
          {^name, _other} = stub <- unknown,
          uniq: true,
          do: {rust, stub}

    # With several candidates on one side, each function is paired once; the rest is missing or unknown.
    arity = arity |> Enum.uniq_by(&elem(&1, 0)) |> Enum.uniq_by(&elem(&1, 1))

    %{
      missing: missing -- Enum.map(arity, &elem(&1, 0)),
      unknown: unknown -- Enum.map(arity, &elem(&1, 1)),
      arity: arity
    }
  end

  @spec without(difference(), [function_key()]) :: difference()
  def without(difference, native) do
    {paired, rest} = Enum.split_with(difference.arity, fn {_rust, stub} -> stub in native end)

    %{
      missing: Enum.sort(difference.missing ++ Enum.map(paired, &elem(&1, 0))),
      unknown: difference.unknown -- native,
      arity: rest
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

  defp calls?(body, helpers) do
    {_body, found?} =
      Macro.prewalk(body, false, fn
        {{:., _, [:erlang, :nif_error]}, _, args} = node, _found when length(args) in 1..2 ->
          {node, true}

        {name, _, args} = node, found when is_atom(name) and is_list(args) ->
          {node, found or {name, length(args)} in helpers}

        node, found ->
          {node, found}
      end)

    found?
  end
end
