defmodule Cantilever.Application do
  @moduledoc false
  # The processes that the kit itself needs. They know nothing of each other, so each is restarted alone.

  use Application

  @impl Application
  def start(_type, _args) do
    children = [
      Cantilever.NativeLogger,
      Cantilever.Responsiveness.LongSchedules,
      {Task.Supervisor, name: Cantilever.TaskSupervisor}
    ]

    Supervisor.start_link(children, strategy: :one_for_one, name: Cantilever.Supervisor)
  end
end
