defmodule MyApp.Application do
  @moduledoc false
  # The processes of MyApp: none so far, as a batch runs under Cantilever's own supervisor.

  use Application

  @impl Application
  def start(_type, _args) do
    children = []

    Supervisor.start_link(children, strategy: :one_for_one, name: MyApp.Supervisor)
  end
end
