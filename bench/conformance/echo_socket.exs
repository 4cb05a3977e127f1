defmodule Cantilever.Bench.Conformance.EchoSocket do
  @moduledoc """
  A socket that says what it hears, as the test suite wants it.
  """

  @doc "It needs no process of its own."
  @spec child_spec(keyword) :: :ignore
  def child_spec(_options), do: :ignore

  @doc "Takes whoever comes."
  @spec connect(map) :: {:ok, nil}
  def connect(_info), do: {:ok, nil}

  @doc "Has no state."
  @spec init(nil) :: {:ok, nil}
  def init(nil), do: {:ok, nil}

  @doc "Says it back, text as text and binary as binary."
  @spec handle_in({binary, opcode: :text | :binary}, nil) ::
          {:push, {:text | :binary, binary}, nil}
  def handle_in({data, opcode: opcode}, nil), do: {:push, {opcode, data}, nil}

  @doc "Expects no messages."
  @spec handle_info(term, nil) :: {:ok, nil}
  def handle_info(_message, nil), do: {:ok, nil}

  @doc "Leaves nothing behind."
  @spec terminate(term, nil) :: :ok
  def terminate(_reason, nil), do: :ok
end
