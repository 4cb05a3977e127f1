defmodule MyApp.PicturesCase do
  @moduledoc false
  # A chat and a place for pictures for each test, and thumbnails that do what the test says.

  use ExUnit.CaseTemplate

  alias Cantilever.Chat
  alias Cantilever.DatabaseWorker
  alias MyApp.PictureMessages

  @fixtures Path.expand("../fixtures", __DIR__)

  using do
    quote do
      import MyApp.PicturesCase

      alias Cantilever.Chat
      alias MyApp.PictureMessages

      @moduletag :tmp_dir
    end
  end

  setup %{tmp_dir: dir} = context do
    chat = Module.concat(context.module, "Chat#{System.unique_integer([:positive])}")
    pictures = Module.concat(chat, Pictures)
    start_supervised!({Chat, name: chat})
    options = [name: pictures, path: Path.join(dir, "pictures.db")]
    start_supervised!({PictureMessages, options ++ Map.get(context, :pictures, [])})
    {:ok, _connection} = Chat.subscribe(chat, "lobby")
    %{chat: chat, pictures: pictures}
  end

  @doc "A picture of test/fixtures."
  @spec fixture(String.t()) :: binary()
  def fixture(name), do: File.read!(Path.join(@fixtures, name))

  @doc "Posts to the room \"lobby\"."
  @spec post(map(), binary(), keyword()) :: {:ok, map()} | PictureMessages.error()
  def post(context, picture, options \\ []) do
    {user_id, options} = Keyword.pop(options, :user, "ann")
    options = [pictures: context.pictures] ++ options
    PictureMessages.post(context.chat, "lobby", user_id, picture, options)
  end

  @doc "Posts in a process of its own."
  @spec posting(map(), binary(), keyword()) :: Task.t()
  def posting(context, picture, options \\ []),
    do: Task.async(fn -> post(context, picture, options) end)

  @doc "Posts in a process that may be killed without the test."
  @spec victim(map(), binary(), keyword()) :: pid()
  def victim(context, picture, options \\ []),
    do: spawn(fn -> post(context, picture, options) end)

  @doc "How many pictures are stored."
  @spec stored(map()) :: non_neg_integer()
  def stored(context) do
    database = Module.concat(context.pictures, Database)

    case DatabaseWorker.query(database, "SELECT count(*) FROM pictures") do
      {:ok, %{rows: [[count]]}} -> count
      {:error, %{reason: :syntax}} -> 0
    end
  end

  @doc "Kills a process, and waits until it is dead."
  @spec kill(pid()) :: :ok
  def kill(pid) do
    monitor = Process.monitor(pid)
    Process.exit(pid, :kill)
    receive do: ({:DOWN, ^monitor, :process, ^pid, _reason} -> :ok)
  end

  @doc """
  A thumbnail as the test wants it: for bytes that begin with "ask: ", it asks the process with the name of this module what to do.
  """
  @spec obedient(binary(), pos_integer()) :: {:ok, binary()} | {:error, term()}
  def obedient("ask: " <> _ = picture, _max_side) do
    send(__MODULE__, {:asked, self(), picture})
    receive do: ({:do, fun} -> fun.())
  end

  def obedient(picture, max_side), do: MyApp.Native.thumbnail(picture, max_side)
end
