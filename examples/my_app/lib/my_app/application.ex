defmodule MyApp.Application do
  @moduledoc false
  # The processes of MyApp. There is but one: the ordinary process that the probe asks.

  use Application

  @impl Application
  def start(_type, _args) do
    children = [
      {MyApp.Echo, name: MyApp.Echo}
    ]

    Supervisor.start_link(children, strategy: :one_for_one, name: MyApp.Supervisor)
  end
end
