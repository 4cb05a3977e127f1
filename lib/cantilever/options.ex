defmodule Cantilever.Options do
  @moduledoc false
  # Options by a schema that validates them, gives the defaults and writes the documentation, for what is started with options and
  # reads them once. The schema is a keyword list of `{key, type: type, default: value, doc: "a clause"}`; an option without a
  # default is required. What passes is a map of all of them that nobody checks again.

  @type type ::
          {:integer, integer}
          | {:integer, integer, integer}
          | {:one_of, [term]}
          | {:or, term, type}
          | {:function, arity}
          | :atom
          | :boolean
          | :from
          | :keyword
          | :name
          | :string
          | :term

  @type schema :: [{atom, [{:type, type} | {:default, term} | {:doc, String.t()}]}]

  @doc "The options as a Markdown list."
  @spec docs(schema) :: String.t()
  def docs(schema) do
    list(
      for {key, entry} <- schema,
          do: {key, entry[:doc], shape(entry[:type]), default(entry)}
    )
  end

  @doc "The same for options whose shapes and defaults are said in words."
  @spec list([{atom, doc :: String.t(), shape :: String.t(), default :: String.t()}]) ::
          String.t()
  def list(options) do
    Enum.map_join(options, "\n", fn {key, doc, shape, default} ->
      "  * `:#{key}` - #{doc}. #{capitalized(shape)}; #{default}."
    end)
  end

  @doc "Reads the options of `what`, or raises `ArgumentError` that names the wrong one."
  @spec new!(term, schema, String.t()) :: map
  def new!(options, schema, what) do
    shapes = for {key, entry} <- schema, do: {key, fn -> shape(entry[:type]) end}
    check!(options, shapes, what, &valid?(schema[&1][:type], &2), {"are", "is"})

    Map.new(schema, fn {key, entry} ->
      case Keyword.fetch(options, key) do
        {:ok, value} -> {key, value}
        :error -> {key, default!(key, entry, what)}
      end
    end)
  end

  @doc """
  Raises an `ArgumentError` that names the wrong one of the options of `what`. `shapes` has for each of those there are a function
  that says in words what it must be.
  """
  @spec check!(
          term,
          [{atom, (() -> String.t())}],
          String.t(),
          (atom, term -> boolean),
          {String.t(), String.t()}
        ) :: :ok
  def check!(options, shapes, what, valid?, {are, is} \\ {"must be", "must be"}) do
    unless Keyword.keyword?(options) do
      raise ArgumentError,
            "the options of #{what} #{are} a keyword list, got: #{inspect(options)}"
    end

    Enum.each(options, fn {key, value} ->
      unless Keyword.has_key?(shapes, key) do
        raise ArgumentError,
              "unknown option #{inspect(key)} for #{what}; the options are #{Enum.map_join(shapes, ", ", &inspect(elem(&1, 0)))}"
      end

      unless valid?.(key, value) do
        raise ArgumentError,
              "the option #{inspect(key)} of #{what} #{is} #{shapes[key].()}, got: #{inspect(value)}"
      end
    end)
  end

  defp default!(key, entry, what) do
    case Keyword.fetch(entry, :default) do
      {:ok, value} ->
        value

      :error ->
        raise ArgumentError,
              "the option #{inspect(key)} of #{what} is missing; it is #{shape(entry[:type])}"
    end
  end

  defp default(entry) do
    case Keyword.fetch(entry, :default) do
      {:ok, value} -> "default `#{inspect(value)}`"
      :error -> "required"
    end
  end

  defp valid?({:integer, least}, value), do: is_integer(value) and value >= least
  defp valid?({:integer, least, most}, value), do: is_integer(value) and value in least..most
  defp valid?({:one_of, values}, value), do: value in values
  defp valid?({:or, other, type}, value), do: value == other or valid?(type, value)

  defp valid?({:function, _arity}, {module, name, arguments}),
    do: is_atom(module) and is_atom(name) and is_list(arguments)

  defp valid?({:function, arity}, value), do: is_function(value, arity)
  defp valid?(:atom, value), do: is_atom(value) and value not in [nil, true, false]
  defp valid?(:boolean, value), do: is_boolean(value)
  defp valid?(:keyword, value), do: Keyword.keyword?(value)
  defp valid?(:from, value), do: match?({pid, _tag} when is_pid(pid), value)
  defp valid?(:name, {:global, _name}), do: true
  defp valid?(:name, {:via, module, _name}), do: is_atom(module)
  defp valid?(:name, value), do: valid?(:atom, value)
  defp valid?(:string, value), do: is_binary(value) and String.valid?(value) and value != ""
  defp valid?(:term, _value), do: true

  defp shape({:integer, least}), do: "an integer of #{least} or more"
  defp shape({:integer, least, most}), do: "an integer from #{least} to #{most}"
  defp shape({:one_of, values}), do: Enum.map_join(values, " or ", &inspect/1)
  defp shape({:or, other, type}), do: "#{shape(type)}, or #{inspect(other)}"

  defp shape({:function, arity}),
    do:
      "a function of arity #{arity}, or `{module, function, arguments}` with those that come after"

  defp shape(:atom), do: "an atom"
  defp shape(:boolean), do: "true or false"
  defp shape(:keyword), do: "a keyword list"
  defp shape(:from), do: "`{pid, tag}` as `t:GenServer.from/0` has it"
  defp shape(:name), do: "an atom, `{:global, name}` or `{:via, module, name}`"
  defp shape(:string), do: "a string that is not empty"
  defp shape(:term), do: "any term"

  defp capitalized(<<first::binary-size(1), rest::binary>>), do: String.upcase(first) <> rest
end
