defmodule MyApp.Web do
  @moduledoc """
  The page of MyApp, and what its clients may ask for beside talking.

  `server/1` has the options of the `Cantilever.WebServer` that serves it: the page in `priv/static`, the chat's socket at
  `/chat/websocket`, and `/token`. By default it listens at 127.0.0.1 alone.

  ## Who somebody is

  `GET /token?user_id=ada` answers `{"token": "…"}`, with which the socket lets a client in as `ada`. Whoever asks gets one: that is
  good for a demo, where people choose a name. An application of your own gives a token to who has signed in.

  ## What a client may push

  Beside what `Cantilever.Chat.Socket` itself answers:

  | event | payload | answer |
  |---|---|---|
  | `picture` | the bytes of a picture | `{"id", "seq"}`: the room is told, as `MyApp.PictureMessages` says |
  | `thumbnail`, `picture_full` | `{"id"}` | the bytes |
  | `work` | `{"mode", "callers"}` | the status of `MyApp.Work`; in the room of `MyApp.Panel` alone, as the next two |
  | `stop_work`, `work_status` | | the status |

  Errors are those of `MyApp.PictureMessages` and `MyApp.Work`, `malformed` for another payload, and `unknown_event`.
  """

  alias Cantilever.Chat.Socket
  alias Cantilever.Chat.Token
  alias Cantilever.JSON
  alias MyApp.Panel
  alias MyApp.PictureMessages
  alias MyApp.Work

  @modes %{"elixir" => :elixir, "yielding" => :yielding, "dirty" => :dirty, "plain" => :plain}
  @work_events ~w(work stop_work work_status)
  @panel Panel.room()

  # A picture of 10 million bytes and what stands before it.
  @max_message_bytes 10_100_000

  @typedoc "What a client has pushed, as `Cantilever.Chat.Socket` hands it over."
  @type pushed :: %{
          chat: Cantilever.Chat.chat(),
          room_id: String.t(),
          user_id: String.t(),
          event: String.t(),
          payload: term() | {:binary, binary()}
        }

  @typedoc "What the client is answered."
  @type answer :: {:ok, map() | {:binary, binary()}} | {:error, {atom(), String.t()}}

  @doc """
  The options of the web server.

    * `:port` - required; 0 for any that is free
    * `:secret` - required: the path of the `MyApp.Secret` that tokens are signed with
    * `:name` - `MyApp.WebServer` by default
    * `:ip` - `{127, 0, 0, 1}` by default: this machine alone
    * `:chat` - `MyApp.Chat` by default
  """
  @spec server(keyword()) :: keyword()
  def server(options) do
    options =
      Keyword.validate!(options, [
        :port,
        :secret,
        name: MyApp.WebServer,
        ip: {127, 0, 0, 1},
        chat: MyApp.Chat
      ])

    secret = Keyword.fetch!(options, :secret)

    socket = [
      chat: options[:chat],
      secret: {MyApp.Secret, :fetch!, [secret]},
      relay: ["typing"],
      push: {__MODULE__, :push, []}
    ]

    [
      name: options[:name],
      ip: options[:ip],
      port: Keyword.fetch!(options, :port),
      sockets: %{"/chat/websocket" => {Socket, socket}},
      routes: %{"/token" => {__MODULE__, :token, [secret]}},
      static: Application.app_dir(:my_app, "priv/static"),
      max_frame_bytes: @max_message_bytes,
      max_message_bytes: @max_message_bytes
    ]
  end

  @doc "Answers `GET /token?user_id=NAME`."
  @spec token(%{params: map()}, Path.t()) :: {100..599, [{String.t(), String.t()}], iodata()}
  def token(%{params: params}, secret) do
    case user_id(params) do
      {:ok, user_id} ->
        json(200, %{token: Token.sign(MyApp.Secret.fetch!(secret), user_id)})

      :error ->
        json(400, %{
          reason: "invalid_user_id",
          message: "a name is a text of 1 to 255 bytes of UTF-8"
        })
    end
  end

  defp user_id(%{"user_id" => user_id}) when is_binary(user_id) do
    with true <- String.valid?(user_id),
         trimmed when byte_size(trimmed) in 1..255 <- String.trim(user_id) do
      {:ok, trimmed}
    else
      _no_name -> :error
    end
  end

  defp user_id(_params), do: :error

  defp json(status, body) do
    {status, [{"content-type", "application/json"}, {"cache-control", "no-store"}],
     JSON.encode!(body)}
  end

  @doc "Answers what a client has pushed. Options: the names `:pictures` and `:work`, for tests."
  @spec push(pushed(), keyword()) :: answer()
  def push(pushed, options \\ []) do
    options = Keyword.validate!(options, pictures: PictureMessages, work: Work)
    answer(pushed.event, pushed.payload, pushed, options)
  end

  defp answer(event, _payload, %{room_id: room_id}, _options)
       when event in @work_events and room_id != @panel,
       do: {:error, {:unknown_event, "#{event} is for the room #{inspect(@panel)}"}}

  defp answer("work", %{"mode" => mode, "callers" => callers}, pushed, options)
       when is_map_key(@modes, mode),
       do: Work.start(@modes[mode], callers, by: pushed.user_id, work: options[:work])

  defp answer("work", _payload, _pushed, _options) do
    modes = @modes |> Map.keys() |> Enum.sort() |> Enum.join(", ")
    {:error, {:malformed, "work has a mode, one of #{modes}, and a number of callers"}}
  end

  defp answer("stop_work", _payload, _pushed, options) do
    with :ok <- Work.stop(options[:work]), do: {:ok, Work.status(options[:work])}
  end

  defp answer("work_status", _payload, _pushed, options), do: {:ok, Work.status(options[:work])}

  defp answer("picture", {:binary, picture}, pushed, options) do
    PictureMessages.post(pushed.chat, pushed.room_id, pushed.user_id, picture,
      pictures: options[:pictures]
    )
  end

  defp answer("picture", _payload, _pushed, _options),
    do: {:error, {:malformed, "a picture is pushed as the bytes of its file"}}

  defp answer("thumbnail", payload, _pushed, options), do: fetch(payload, :thumbnail, options)
  defp answer("picture_full", payload, _pushed, options), do: fetch(payload, :picture, options)

  defp answer(event, _payload, _pushed, _options),
    do: {:error, {:unknown_event, "nobody knows the event #{inspect(event)}"}}

  defp fetch(%{"id" => id}, what, options) do
    with {:ok, %{data: data}} <- PictureMessages.fetch(id, what, pictures: options[:pictures]),
         do: {:ok, {:binary, data}}
  end

  defp fetch(_payload, _what, _options),
    do: {:error, {:malformed, "the payload names the picture by its id"}}
end
