defmodule MyApp.Echo do
  @moduledoc """
  A process that answers whatever it is asked, as an ordinary process would.

      iex> echo = start_supervised!(MyApp.Echo)
      iex> send(echo, {:ask, self(), 7})
      iex> receive do: (answer -> answer)
      {:answer, 7}

  `MyApp.Probe` asks it to learn how quick the node is.
  """

  use GenServer

  @doc "Starts the process; `options` are those of `GenServer.start_link/3`."
  @spec start_link(GenServer.options()) :: GenServer.on_start()
  def start_link(options \\ []), do: GenServer.start_link(__MODULE__, nil, options)

  @impl GenServer
  def init(nil), do: {:ok, nil}

  @impl GenServer
  def handle_info({:ask, from, tag}, state) do
    send(from, {:answer, tag})
    {:noreply, state}
  end
end
