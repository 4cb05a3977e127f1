defmodule Cantilever.Nif.Precompiled.SourceValue do
  @moduledoc false
  # What an expression in a source is worth, as far as that can be told without running the project's code: literals,
  # what was bound to them before, and the few calls with which such options are usually put together. Nothing else is
  # evaluated. A function is worth `:function`, because nobody calls it here.

  alias Cantilever.Nif.Precompiled.Config

  # `project` is what `Mix.Project.config()` is worth.
  @type bindings :: %{
          project: keyword(),
          module: module(),
          attributes: %{atom() => bound()},
          variables: %{atom() => bound()}
        }

  # Its expression, and what was bound before that.
  @type bound :: {Macro.t(), bindings()}

  @type result :: {:ok, term()} | {:error, Macro.t()}

  @calls [
    {[:Mix, :Project], :config},
    {[:RustlerPrecompiled, :Config], :default_targets},
    {[:Keyword], :get},
    {[:Keyword], :fetch!},
    {[:Enum], :uniq},
    {[:System], :get_env},
    {[:System], :fetch_env!}
  ]

  # In an error stands the first part that cannot be read.
  @spec read(Macro.t(), bindings()) :: result()
  def read(value, _bindings) when is_binary(value) or is_atom(value) or is_number(value),
    do: {:ok, value}

  def read([{:|, _, [head, tail]}] = list, bindings) do
    both(head, tail, bindings, &{&1, &2})
    |> check(fn {_head, tail} -> is_list(tail) end, list)
    |> map(fn {head, tail} -> [head | tail] end)
  end

  def read([head | tail], bindings), do: both(head, tail, bindings, &[&1 | &2])
  def read([], _bindings), do: {:ok, []}
  def read({left, right}, bindings), do: both(left, right, bindings, &{&1, &2})

  def read({:{}, _, parts}, bindings), do: map(read(parts, bindings), &List.to_tuple/1)
  def read({:%{}, _, pairs}, bindings), do: map(read(pairs, bindings), &Map.new/1)
  def read({:__MODULE__, _, context}, bindings) when is_atom(context), do: {:ok, bindings.module}

  def read({:__aliases__, _, parts} = alias, _bindings) do
    if Enum.all?(parts, &is_atom/1), do: {:ok, Module.concat(parts)}, else: {:error, alias}
  end

  def read({kind, _, _}, _bindings) when kind in [:fn, :&], do: {:ok, :function}

  def read({:<<>>, _, parts} = text, bindings) do
    with true <- Enum.all?(parts, &text?/1),
         {:ok, parts} <- parts |> Enum.map(&part/1) |> read(bindings),
         true <- Enum.all?(parts, &(is_binary(&1) or is_atom(&1) or is_number(&1))) do
      {:ok, Enum.join(parts)}
    else
      false -> {:error, text}
      error -> error
    end
  end

  def read({sigil, _, [{:<<>>, _, _} = text, modifiers]}, bindings)
      when sigil in [:sigil_w, :sigil_W] do
    convert = if modifiers == ~c"a", do: &String.to_atom/1, else: & &1
    map(read(text, bindings), fn text -> text |> String.split() |> Enum.map(convert) end)
  end

  def read({sigil, _, [{:<<>>, _, _} = text, _]}, bindings) when sigil in [:sigil_s, :sigil_S],
    do: read(text, bindings)

  def read({:<>, _, [left, right]} = call, bindings),
    do:
      call
      |> join(left, right, bindings, &is_binary/1)
      |> map(fn {left, right} -> left <> right end)

  def read({:++, _, [left, right]} = call, bindings),
    do:
      call
      |> join(left, right, bindings, &is_list/1)
      |> map(fn {left, right} -> left ++ right end)

  def read({:||, _, [left, right]}, bindings) do
    with {:ok, value} when value in [nil, false] <- read(left, bindings),
         do: read(right, bindings)
  end

  def read({:|>, _, [left, {_, _, args} = right]}, bindings) when is_list(args),
    do: right |> put_elem(2, [left | args]) |> read(bindings)

  # The text around the call is lost, so the name that is bound stands for it.
  def read({:@, _, [{name, _, context}]} = attribute, bindings) when is_atom(context),
    do: bound(bindings.attributes, name, attribute)

  def read({name, _, context} = variable, bindings) when is_atom(name) and is_atom(context),
    do: bound(bindings.variables, name, variable)

  def read({{:., _, [Access, :get]}, _, [container, key]} = call, bindings),
    do: both(container, key, bindings, &{&1, &2}) |> get(nil, call)

  def read({{:., _, [{:__aliases__, _, module}, function]}, _, args} = call, bindings)
      when {module, function} in @calls do
    with {:ok, args} <- read(args, bindings), do: call(module, function, args, bindings, call)
  end

  def read(other, _bindings), do: {:error, other}

  defp call([:Mix, :Project], :config, [], bindings, _call), do: {:ok, bindings.project}

  defp call([:RustlerPrecompiled, :Config], :default_targets, [], _bindings, _call),
    do: {:ok, Config.default_targets()}

  defp call([:Keyword], _function, [list, key], _bindings, call),
    do: get({:ok, {list, key}}, nil, call)

  defp call([:Keyword], :get, [list, key, default], _bindings, call),
    do: get({:ok, {list, key}}, default, call)

  defp call([:Enum], :uniq, [list], _bindings, _call) when is_list(list),
    do: {:ok, Enum.uniq(list)}

  defp call([:System], :get_env, [name], _bindings, _call) when is_binary(name),
    do: {:ok, System.get_env(name)}

  defp call([:System], :get_env, [name, default], _bindings, _call) when is_binary(name),
    do: {:ok, System.get_env(name, default)}

  defp call([:System], :fetch_env!, [name], _bindings, call) when is_binary(name),
    do: with(:error <- System.fetch_env(name), do: {:error, call})

  defp call(_module, _function, _args, _bindings, call), do: {:error, call}

  # Of a text with interpolations, not of bytes.
  defp text?({:"::", _, [{{:., _, [Kernel, :to_string]}, _, [_part]}, {:binary, _, _}]}), do: true
  defp text?(part), do: is_binary(part)

  defp part({:"::", _, [{_to_string, _, [part]}, _binary]}), do: part
  defp part(part), do: part

  defp bound(bound, name, expression) do
    case bound do
      # What a name is bound to was written before it, so no name leads back to itself.
      %{^name => {value, earlier}} -> read(value, earlier)
      %{} -> {:error, expression}
    end
  end

  defp get({:ok, {container, key}}, default, call) do
    cond do
      is_map(container) and not is_struct(container) -> {:ok, Map.get(container, key, default)}
      is_list(container) -> {:ok, from_list(container, key, default)}
      container == nil -> {:ok, nil}
      true -> {:error, call}
    end
  end

  defp get({:error, part}, _default, _call), do: {:error, part}

  defp from_list(list, key, default) do
    case List.keyfind(list, key, 0) do
      {_key, value} -> value
      nil -> default
    end
  end

  defp join(call, left, right, bindings, valid?) do
    both(left, right, bindings, &{&1, &2})
    |> check(fn {left, right} -> valid?.(left) and valid?.(right) end, call)
  end

  defp both(left, right, bindings, combine) do
    with {:ok, left} <- read(left, bindings),
         {:ok, right} <- read(right, bindings),
         do: {:ok, combine.(left, right)}
  end

  defp map({:ok, value}, fun), do: {:ok, fun.(value)}
  defp map({:error, part}, _fun), do: {:error, part}

  defp check({:ok, value} = result, valid?, part),
    do: if(valid?.(value), do: result, else: {:error, part})

  defp check({:error, part}, _valid?, _part), do: {:error, part}
end
