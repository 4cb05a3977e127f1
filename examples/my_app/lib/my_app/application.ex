defmodule MyApp.Application do
  @moduledoc """
  The processes of MyApp: a chat, the pictures that its rooms carry, heavy work on demand, and the page that shows it all.

      MyApp.Supervisor                 one_for_one
      ├── MyApp.Chat                   Cantilever.Chat, in chat.db
      ├── MyApp.PictureMessages        one_for_one
      │   ├── Database                 Cantilever.DatabaseWorker, in pictures.db
      │   └── Gate                     who may post a picture right now
      ├── MyApp.Work                   one_for_all: heavy work, each kind of it
      ├── MyApp.Panel                  measures the node while somebody looks
      └── MyApp.WebServer              Cantilever.WebServer, with the options of MyApp.Web

  None needs another's restart, as all of them look each other up by name. The databases are two, so that no message waits while
  a picture is written. The web server is the last to start and the first to stop: who connects finds everything there.

  ## Configuration

      config :my_app, data_dir: "/var/lib/my_app", port: 4000

  By default the databases, and the secret that tokens are signed with, are in the folder `data` of the release, or of the project
  where there is none. The page is at port 4000 of this machine alone; with `port: nil` there is none, and with 0 it is at any that is free,
  which `Cantilever.WebServer.port(MyApp.WebServer)` tells.
  """

  use Application

  @impl Application
  def start(_type, _args) do
    dir = data_dir()
    File.mkdir_p!(dir)

    children = [
      {Cantilever.Chat,
       name: MyApp.Chat, store: {Cantilever.Chat.Store.SQLite, path: Path.join(dir, "chat.db")}},
      {MyApp.PictureMessages, path: Path.join(dir, "pictures.db")},
      MyApp.Work,
      MyApp.Panel
    ]

    Supervisor.start_link(children ++ web_server(dir),
      strategy: :one_for_one,
      name: MyApp.Supervisor
    )
  end

  defp web_server(dir) do
    case port() do
      nil ->
        []

      port ->
        secret = Path.join(dir, "secret")
        _made = MyApp.Secret.fetch!(secret)
        [{Cantilever.WebServer, MyApp.Web.server(port: port, secret: secret)}]
    end
  end

  @doc "The folder of the databases."
  @spec data_dir() :: Path.t()
  def data_dir do
    Application.get_env(:my_app, :data_dir) ||
      Path.join(System.get_env("RELEASE_ROOT") || File.cwd!(), "data")
  end

  @doc "The port of the page, or nil where there is none."
  @spec port() :: :inet.port_number() | nil
  def port, do: Application.get_env(:my_app, :port, 4000)
end
