defmodule Cantilever.Native.Parts do
  @moduledoc false
  # Which parts of the kit's own library are built: what `config :cantilever, native: …` says, as options for
  # `use Cantilever.Nif`, and what the functions of the others say. Each part is a feature of the crate.

  @parts [:json, :sqlite, :websocket]

  # What the crate needs to be more than plain Rust.
  @always ["nif"]

  @advice "and compile it again with `mix deps.compile cantilever --force`"

  @type part :: :json | :sqlite | :websocket
  @type config :: nil | boolean() | [{part(), boolean()}]

  # The parts that are wanted, or raises an `ArgumentError`, as what is misspelt would be built without a word.
  @spec wanted!(config()) :: [part()]
  def wanted!(nil), do: @parts
  def wanted!(true), do: @parts
  def wanted!(false), do: []

  def wanted!(config) do
    unless Keyword.keyword?(config), do: refuse("cannot be #{inspect(config)}")

    for {part, value} <- config do
      unless part in @parts, do: refuse("names #{inspect(part)}, which is no part of the kit")

      unless is_boolean(value),
        do: refuse("sets #{inspect(part)} to #{inspect(value)}, which is neither true nor false")
    end

    Enum.filter(@parts, &Keyword.get(config, &1, true))
  end

  # Whether there is to be a library at all.
  @spec library?(config(), boolean()) :: boolean()
  def library?(config, _cargo?) when is_boolean(config), do: config
  def library?(_config, cargo?), do: cargo?

  # As it is without a configuration, all parts have the features by default, so that both are one build.
  @spec features([part()]) :: keyword()
  def features(@parts), do: []

  def features(wanted),
    do: [default_features: false, features: @always ++ Enum.map(wanted, &Atom.to_string/1)]

  # Not `:erlang.nif_error/1` in the stub itself: the library has no function for it.
  @spec raise_not_built(part()) :: no_return()
  def raise_not_built(part) do
    :erlang.nif_error(%RuntimeError{
      message:
        "Cantilever.Native was built without #{part}, as `config :cantilever, native: [#{part}: false]` says. " <>
          "Remove that from the configuration, #{@advice}"
    })
  end

  # What the functions raise where there is no library.
  @spec absent() :: Exception.t()
  def absent do
    %RuntimeError{
      message:
        "Cantilever.Native has no library, as the kit was compiled without cargo or with `config :cantilever, native: false`. " <>
          "Install Rust (https://rustup.rs), #{@advice}"
    }
  end

  # The body of a function of `part`, in a module that has set `@parts` to those that are built, and `@present`.
  @spec stub(part()) :: Macro.t()
  defmacro stub(part) do
    module = __CALLER__.module

    if Module.get_attribute(module, :present) and
         part not in Module.get_attribute(module, :parts),
       do: quote(do: unquote(__MODULE__).raise_not_built(unquote(part))),
       else: quote(do: :erlang.nif_error(unquote(__MODULE__).absent()))
  end

  @spec refuse(String.t()) :: no_return()
  defp refuse(fault) do
    raise ArgumentError,
          "the configuration `config :cantilever, native: …` #{fault}. It is true or false for all of the kit's library, or a list such as " <>
            "[json: false] that turns parts of it off: #{Enum.map_join(@parts, ", ", &inspect/1)}"
  end
end
