defmodule Cantilever.Chat.Store.SQLite.Config do
  @moduledoc false
  # The options of a store in SQLite, and what follows from them: which worker is asked, and how it is started if it is the store's own.

  alias Cantilever.Options

  @schema [
    path: [
      type: {:or, nil, :string},
      default: nil,
      doc: "the file of the database, for a worker of the store's own"
    ],
    database: [
      type: :keyword,
      default: [],
      doc: "more options for that worker, those of `Cantilever.DatabaseWorker`"
    ],
    worker: [
      type: {:or, nil, :name},
      default: nil,
      doc: "the name of a worker that runs already, instead of `:path`"
    ],
    keep: [
      type: {:or, :all, {:integer, 1}},
      default: :all,
      doc: "how many messages of each room are kept, the newest"
    ],
    timeout: [
      type: {:integer, 1, 0xFFFFFFFF},
      default: 5_000,
      doc: "how many milliseconds the database may take for one call"
    ]
  ]

  @enforce_keys [:worker, :keep, :timeout]
  defstruct [:worker, :database, :keep, :timeout]

  @type t :: %__MODULE__{
          worker: GenServer.server(),
          database: keyword | nil,
          keep: pos_integer | :all,
          timeout: pos_integer
        }

  @spec schema() :: Options.schema()
  def schema, do: @schema

  @spec new!(atom, keyword) :: t
  def new!(chat, options) do
    given = Options.new!(options, @schema, "a store in SQLite")
    {worker, database} = worker!(chat, given)
    %__MODULE__{worker: worker, database: database, keep: given.keep, timeout: given.timeout}
  end

  defp worker!(_chat, %{worker: worker, path: nil, database: []}) when worker != nil,
    do: {worker, nil}

  defp worker!(chat, %{worker: nil, path: path, database: database}) when path != nil do
    name = Module.concat(chat, Database)
    {name, Keyword.merge(database, name: name, path: path)}
  end

  defp worker!(_chat, _given) do
    raise ArgumentError,
          "a store in SQLite needs either the option :path, or :worker without :path and :database"
  end
end
