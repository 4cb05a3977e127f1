defmodule MyApp.PictureMessages do
  @moduledoc """
  Messages that are pictures: a room is told of them, and whoever wants to see one fetches it.

      {:ok, %{id: id, seq: 7}} = MyApp.PictureMessages.post(MyApp.Chat, "lobby", "ann", File.read!("cat.jpg"), text: "My cat")
      {:ok, %{content_type: "image/webp", data: webp}} = MyApp.PictureMessages.fetch(id, :thumbnail)

  The members of the room get a message with this payload, which names the picture and does not hold it:

      {"type": "picture", "id": "Qm9yZ…", "content_type": "image/jpeg", "width": 4032, "height": 3024, "bytes": 2831044,
       "thumbnail": {"width": 320, "height": 240, "bytes": 61204}, "text": "My cat"}

  Who knows an id may fetch the picture: ids are 128 random bits, and only the messages tell them.

  ## What a bad picture costs

  Itself. `MyApp.Native.thumbnail/2` runs in a task of `Cantilever.DataProcessor`, on a dirty scheduler: text messages go on beside it, and
  a picture that crashes or hangs is an error for its sender alone. When the sender dies, the task dies too. Pictures are in a
  database of their own, so that no text waits while one is written.

  A picture is stored before its message is, and removed again where the message was refused. Only if the sender dies in
  between does it stay, named by nobody.

  ## Errors

  `{:error, {reason, message}}`, with one of these reasons or one of `Cantilever.Chat.Error`:

  | reason | what happened |
  |---|---|
  | `:too_large`, `:too_many_pixels` | more bytes than `:max_bytes`, or more pixels than `:max_pixels` |
  | `:unsupported_format`, `:malformed` | it is no JPEG, PNG or WebP picture, or a damaged one |
  | `:overloaded` | too many pictures are under way, of all users or of this one: try again later |
  | `:timeout` | the time was over; nothing was posted |
  | `:crashed` | making the thumbnail has crashed |
  | `:cancelled`, `:encode` | the thumbnail was given up, or could not be written |
  | `:not_stored` | the database did not take or give it; `message` says why |
  | `:not_found` | there is no picture with this id |
  | `:unavailable` | the database, or a process that is needed, is just being restarted: try again |

  ## Options of the supervisor

    * `:path` - the file of the database; required
    * `:name` - `MyApp.PictureMessages` by default
    * `:max_bytes` - the largest picture, 10 million bytes by default
    * `:max_pixels` - what it may have decoded, 50 million by default
    * `:max_side` - the longest side of a thumbnail in pixels, 320 by default
    * `:at_once` - how many pictures are worked on at once, by default as many as there are schedulers
    * `:max_waiting` - how many more may wait for that, 16 by default
    * `:per_user` - how many of both may be one user's, 2 by default
    * `:picture_timeout` - what a thumbnail may take, 10000 ms by default
    * `:thumbnail` - what makes thumbnails, `&MyApp.Native.thumbnail/2` by default
  """

  use Supervisor

  alias Cantilever.Chat
  alias Cantilever.DatabaseWorker
  alias Cantilever.DataProcessor
  alias MyApp.PictureMessages.Gate
  alias MyApp.PictureMessages.Limits
  alias MyApp.PictureMessages.Table
  alias MyApp.PictureSize

  # Room in a row for the thumbnail and the rest.
  @beside_picture 8_000_000

  @typedoc "Why there is no picture: see the table above."
  @type error :: {:error, {reason :: atom(), message :: String.t()}}

  @doc "Starts the processes behind the pictures. See the module for the options."
  @spec start_link(keyword()) :: Supervisor.on_start()
  def start_link(options) do
    {own, limits} = Keyword.split(options, [:name, :path])
    name = Keyword.get(own, :name, __MODULE__)

    Supervisor.start_link(
      __MODULE__,
      {name, Keyword.fetch!(own, :path), Limits.new!(limits)},
      name: name
    )
  end

  @impl Supervisor
  def init({name, path, limits}) do
    children = [
      {DatabaseWorker,
       name: database(name), path: path, max_bytes: limits.max_bytes + @beside_picture},
      {Gate, {gate(name), limits}}
    ]

    # Who posts asks each of them by its name, and rides over the restart of either.
    Supervisor.init(children, strategy: :one_for_one)
  end

  @doc """
  Posts a picture to a room of a chat, and returns its id and the number of its message once both are stored.

  Options:

    * `:text` - what the user says to it
    * `:timeout` - milliseconds for all of it, also for waiting for others; 15000 by default
    * `:pictures` - the name of the supervisor, `MyApp.PictureMessages` by default
  """
  @spec post(Chat.chat(), String.t(), String.t(), binary(), keyword()) ::
          {:ok, %{id: String.t(), seq: pos_integer()}} | error()
  def post(chat, room_id, user_id, picture, options \\ []) when is_binary(picture) do
    options = Keyword.validate!(options, text: nil, timeout: 15_000, pictures: __MODULE__)
    deadline = System.monotonic_time(:millisecond) + options[:timeout]
    gate = gate(options[:pictures])

    with {:ok, limits} <- Gate.enter(gate, user_id, byte_size(picture), options[:timeout]) do
      try do
        with {:ok, size} <- size(picture, limits),
             {:ok, thumbnail} <- thumbnail(picture, limits, deadline),
             {:ok, described} <- describe(picture, size, thumbnail) do
          payload =
            if options[:text], do: Map.put(described, :text, options[:text]), else: described

          store_and_tell(
            {chat, room_id, user_id},
            payload,
            {picture, thumbnail},
            options,
            deadline
          )
        end
      after
        Gate.leave(gate)
      end
    end
  end

  @doc """
  Returns a picture or its thumbnail, with its content type.

  Options: `:timeout`, 5000 ms by default, and `:pictures`, as for `post/5`.
  """
  @spec fetch(String.t(), :thumbnail | :picture, keyword()) ::
          {:ok, %{content_type: String.t(), data: binary()}} | error()
  def fetch(id, what, options \\ []) when what in [:thumbnail, :picture] do
    options = Keyword.validate!(options, timeout: 5_000, pictures: __MODULE__)

    if is_binary(id) and String.valid?(id),
      do: Table.fetch(database(options[:pictures]), id, what, options[:timeout]),
      else: Table.not_found()
  end

  # A header that says nothing is left to the decoder, which can say what is wrong.
  defp size(picture, limits) do
    case PictureSize.read(picture) do
      {:ok, %{width: width, height: height}} when width * height > limits.max_pixels ->
        {:error,
         {:too_many_pixels,
          "the picture has #{width}x#{height} pixels, more than #{limits.max_pixels}"}}

      size_or_error ->
        {:ok, size_or_error}
    end
  end

  defp thumbnail(picture, limits, deadline) do
    timeout = min(left(deadline), limits.picture_timeout)
    make = &limits.thumbnail.(&1, limits.max_side)

    case DataProcessor.process_batch([picture], make, timeout: timeout, chunk_size: 1) do
      [{:ok, made}] ->
        made

      [{:error, %{kind: :timeout}}] ->
        {:error, {:timeout, "the thumbnail took longer than #{timeout} ms"}}

      [{:error, %{reason: reason}}] ->
        said = if is_exception(reason), do: Exception.message(reason), else: inspect(reason)
        {:error, {:crashed, "making the thumbnail has crashed: #{said}"}}
    end
  end

  defp describe(picture, size, thumbnail) do
    with {:ok, size} <- size,
         {:ok, small} <- PictureSize.read(thumbnail) do
      {width, height} = upright(size, small)

      {:ok,
       %{
         type: "picture",
         id: Base.url_encode64(:crypto.strong_rand_bytes(16), padding: false),
         content_type: size.content_type,
         width: width,
         height: height,
         bytes: byte_size(picture),
         thumbnail: %{
           width: small.width,
           height: small.height,
           bytes: byte_size(thumbnail)
         }
       }}
    else
      :error -> {:error, {:malformed, "the picture does not say how large it is"}}
    end
  end

  # The thumbnail stands upright, also where the pixels lie on their side.
  defp upright(size, small) do
    if (size.width > size.height and small.width < small.height) or
         (size.width < size.height and small.width > small.height),
       do: {size.height, size.width},
       else: {size.width, size.height}
  end

  defp store_and_tell({chat, room_id, user_id}, payload, {picture, thumbnail}, options, deadline) do
    %{id: id, content_type: content_type} = payload
    database = database(options[:pictures])
    at_ms = System.system_time(:millisecond)
    row = [id, content_type, at_ms, {:blob, thumbnail}, {:blob, picture}]

    with :ok <- Table.insert(database, row, left(deadline)) do
      # By the same id a second time, where a process has died meanwhile, and yet once.
      case Chat.broadcast(chat, room_id, user_id, payload, id: id, timeout: left(deadline)) do
        {:ok, seq} ->
          {:ok, %{id: id, seq: seq}}

        # The message may be there.
        {:error, %{reason: :unconfirmed, message: message}} ->
          {:error, {:unconfirmed, message}}

        {:error, %{reason: reason, message: message}} ->
          Table.delete(database, id, 1_000)
          {:error, {reason, message}}
      end
    end
  end

  # What is begun at the last moment is given up at once, by whoever does it.
  defp left(deadline), do: max(deadline - System.monotonic_time(:millisecond), 1)

  defp database(name), do: Module.concat(name, "Database")
  defp gate(name), do: Module.concat(name, "Gate")
end
