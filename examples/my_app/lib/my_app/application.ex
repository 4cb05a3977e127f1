defmodule MyApp.Application do
  @moduledoc """
  The processes of MyApp: a chat, and the pictures that its rooms carry.

      MyApp.Supervisor                 one_for_one
      ├── MyApp.Chat                   Cantilever.Chat, in chat.db
      └── MyApp.PictureMessages        one_for_one
          ├── Database                 Cantilever.DatabaseWorker, in pictures.db
          └── Gate                     who may post a picture right now

  Neither needs the other's restart. The databases are two, so that no message waits while a picture is written.

  ## Configuration

      config :my_app, data_dir: "/var/lib/my_app"

  By default the databases are in the folder `data` of the release, or of the project where there is none.
  """

  use Application

  @impl Application
  def start(_type, _args) do
    dir = data_dir()
    File.mkdir_p!(dir)

    children = [
      {Cantilever.Chat,
       name: MyApp.Chat, store: {Cantilever.Chat.Store.SQLite, path: Path.join(dir, "chat.db")}},
      {MyApp.PictureMessages, path: Path.join(dir, "pictures.db")}
    ]

    Supervisor.start_link(children, strategy: :one_for_one, name: MyApp.Supervisor)
  end

  @doc "The folder of the databases."
  @spec data_dir() :: Path.t()
  def data_dir do
    Application.get_env(:my_app, :data_dir) ||
      Path.join(System.get_env("RELEASE_ROOT") || File.cwd!(), "data")
  end
end
