defmodule Cantilever.Nif.Options.Type do
  @moduledoc false
  # What the values of options may be: which are valid, and the words for it in messages and in the documentation.
  # Pure.

  alias Cantilever.Nif.Precompiled.Mirrors

  @type t :: atom() | {:one_of, [term()]} | {:range, Range.t()}

  @spec valid?(t(), term()) :: boolean()
  def valid?(:any, _value), do: true
  def valid?(:atom, value), do: is_atom(value)
  def valid?(:boolean, value), do: is_boolean(value)
  def valid?(:string, value), do: is_binary(value)

  def valid?(:name, value),
    do: (is_binary(value) and value != "") or (is_atom(value) and value != nil)

  def valid?({:one_of, values}, value), do: value in values
  def valid?(:strings, value), do: is_list(value) and Enum.all?(value, &is_binary/1)
  def valid?(:optional_string, value), do: is_nil(value) or is_binary(value)

  def valid?(:env, value) do
    is_list(value) and
      Enum.all?(value, fn
        {name, text} when is_binary(name) -> is_nil(text) or is_binary(text)
        _other -> false
      end)
  end

  def valid?(:cargo, :system), do: true
  def valid?(:cargo, {kind, text}) when kind in [:system, :bin], do: is_binary(text)

  def valid?(:cargo, {:rustup, version}),
    do: is_binary(version) or version in [:stable, :beta, :nightly]

  def valid?(:cargo, _value), do: false

  def valid?(:optional_mf, {module, function}), do: is_atom(module) and is_atom(function)
  def valid?(:optional_mf, value), do: is_nil(value)

  def valid?(:optional_location, {app, path}), do: is_atom(app) and is_binary(path)
  def valid?(:optional_location, value), do: is_nil(value)

  def valid?(:optional_boolean, value), do: is_nil(value) or is_boolean(value)
  def valid?(:mirrors, value), do: is_nil(value) or Mirrors.valid?(value)

  def valid?(:optional_version, value),
    do: is_nil(value) or (is_binary(value) and Version.parse(value) != :error)

  def valid?(:triples, value), do: texts?(value, ~r/\A[\w.]+(-[\w.]+)+\z/)
  def valid?(:nif_versions, value), do: texts?(value, ~r/\A2\.\d+\z/)
  def valid?({:range, range}, value), do: value in range

  def valid?(:variants, value) do
    is_map(value) and
      Enum.all?(value, fn {target, variants} ->
        is_binary(target) and Keyword.keyword?(variants) and
          Enum.all?(variants, fn {_name, fun} -> is_function(fun, 0) or is_function(fun, 1) end)
      end)
  end

  # What is said of a value that is not valid.
  @spec shown(t(), term()) :: String.t()
  def shown(:mirrors, value), do: to_string(Mirrors.fault(value))
  def shown(_type, value), do: inspect(value)

  @spec accepted(t()) :: String.t()
  def accepted(:any), do: "Any term"
  def accepted(:atom), do: "An atom"
  def accepted(:boolean), do: "A boolean"
  def accepted(:string), do: "A string"
  def accepted(:name), do: "A string or an atom"
  def accepted({:one_of, values}), do: Enum.map_join(values, " or ", &"`#{inspect(&1)}`")
  def accepted(:strings), do: "A list of strings"
  def accepted(:optional_string), do: "A string or `nil`"
  def accepted(:env), do: ~s(A list such as `[{"CC", "clang"}]`)

  def accepted(:cargo),
    do:
      ~s(`:system`, `{:system, "+nightly"}`, `{:rustup, :stable | :beta | :nightly | "1.95.0"}` ) <>
        ~s(or `{:bin, "/path/to/cargo"}`)

  def accepted(:optional_mf), do: "`{Module, :function}` or `nil`"
  def accepted(:optional_location), do: ~s(`{:my_app, "priv/native/name"}` or `nil`)

  def accepted(:optional_boolean), do: "A boolean or `nil`"

  def accepted(:mirrors),
    do:
      "A URL, `{url, headers}`, `{Module, :function}`, a list of these in the order in which they are asked, or `nil`"

  def accepted(:optional_version), do: ~s(A version such as `"1.0.0"` or `nil`)
  def accepted(:triples), do: ~s(A list such as `["x86_64-unknown-linux-gnu"]`)
  def accepted(:nif_versions), do: ~s(A list such as `["2.15"]`)
  def accepted({:range, first..last}), do: "A number from #{first} to #{last}"

  def accepted(:variants),
    do:
      ~s(A map such as `%{"x86_64-unknown-linux-gnu" => [old_cpu: fn -> … end]}`, of functions with one argument ) <>
        "(the options) or none"

  defp texts?(value, pattern),
    do: match?([_ | _], value) and Enum.all?(value, &(is_binary(&1) and &1 =~ pattern))
end
