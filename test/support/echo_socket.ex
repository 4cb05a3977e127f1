defmodule Cantilever.EchoSocket do
  @moduledoc false
  # A socket that says what it hears, and does some of what it is told.

  @spec child_spec(keyword) :: :ignore
  def child_spec(_options), do: :ignore

  @spec connect(map) :: {:ok, map} | {:error, :refused} | :error
  def connect(%{params: %{"refuse" => "error"}}), do: {:error, :refused}
  def connect(%{params: %{"refuse" => "crash"}}), do: exit(:crashed)
  def connect(%{params: %{"refuse" => _}}), do: :error

  def connect(%{params: %{"wait" => _}} = info) do
    send(info.options[:test], {:connecting, self()})
    receive do: (:go_on -> {:ok, %{test: info.options[:test], info: info}})
  end

  def connect(info), do: {:ok, %{test: info.options[:test], info: info}}

  @spec init(map) :: tuple
  def init(state) do
    if state.test, do: send(state.test, {:socket, self(), state.info})

    case state.info.params do
      %{"init" => "stop"} -> {:stop, {:shutdown, :full}, 1_013, state}
      %{"init" => "push"} -> {:push, {:text, "welcome"}, state}
      _none -> {:ok, state}
    end
  end

  @spec handle_in({binary, keyword}, map) :: tuple
  def handle_in({"stop", _opcode}, state), do: {:stop, :normal, state}
  def handle_in({"restart", _opcode}, state), do: {:stop, {:shutdown, :restart}, state}
  def handle_in({"code", _opcode}, state), do: {:stop, :normal, {4_000, "so"}, state}
  def handle_in({"crash", _opcode}, _state), do: raise("crashed")
  def handle_in({"wrong", _opcode}, _state), do: :wrong
  def handle_in({"quiet", _opcode}, state), do: {:ok, state}

  def handle_in({"reply", _opcode}, state),
    do: {:reply, :ok, [{:text, "a"}, {:binary, <<1>>}], state}

  def handle_in({data, opcode: opcode}, state), do: {:push, {opcode, data}, state}

  @spec handle_control({binary, keyword}, map) :: tuple
  def handle_control({data, opcode: opcode}, state) do
    if state.test, do: send(state.test, {:control, opcode, data})
    {:ok, state}
  end

  @spec handle_info(term, map) :: tuple
  def handle_info({:say, messages}, state), do: {:push, messages, state}
  def handle_info(_other, state), do: {:ok, state}

  @spec terminate(term, map) :: :ok
  def terminate(reason, state) do
    if state.test, do: send(state.test, {:terminated, self(), reason})
    :ok
  end
end
