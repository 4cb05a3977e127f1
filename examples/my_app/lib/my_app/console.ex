defmodule MyApp.Console do
  @moduledoc """
  Joins rooms from a shell, and shows there what each user sees.

      iex> MyApp.Console.join("lobby", "ann")
      {:ok, %{seq: 0}}
      iex> MyApp.Console.join("lobby", "bob")
      {:ok, %{seq: 0}}
      iex> Cantilever.Chat.broadcast(MyApp.Chat, "lobby", "ann", %{text: "Hello, Bob!"})
      {:ok, 1}

  Each of the two then has a line in the shell: `[bob] lobby #1 ann: Hello, Bob!`.
  """

  @behaviour Cantilever.Chat.Transport

  alias Cantilever.Chat
  alias Cantilever.Chat.Message

  @doc """
  Has a user join a room of `MyApp.Chat`, or of the option `:chat`.

  What the user sees is written to the option `:device`, by default that of the calling process, until that process ends.
  """
  @spec join(String.t(), String.t(), chat: Chat.chat(), device: IO.device()) ::
          {:ok, %{seq: non_neg_integer()}} | {:error, Chat.Error.t()}
  def join(room_id, user_id, options \\ []) do
    options = Keyword.validate!(options, chat: MyApp.Chat, device: Process.group_leader())
    transport = {__MODULE__, {options[:device], user_id}}

    with {:ok, connection} <- Chat.connect(options[:chat], user_id, transport: transport),
         {:error, error} <- Chat.UserConnection.join(connection, room_id) do
      Chat.UserConnection.close(connection)
      {:error, error}
    end
  end

  @doc false
  @impl Chat.Transport
  def push({device, user_id}, event, payload) do
    IO.puts(device, "[#{user_id}] #{line(event, payload)}")
  rescue
    # A shell that is gone is no client any more.
    _no_device in [ErlangError, ArgumentError] -> {:error, :closed}
  end

  defp line("message", message) do
    said =
      case Message.payload!(message) do
        %{"text" => text} when is_binary(text) -> text
        other -> inspect(other)
      end

    "#{message.room_id} ##{message.seq} #{message.user_id}: #{said}"
  end

  defp line("gap", %{room_id: room_id, from: from, to: to}),
    do: "#{room_id}: the messages #{from} to #{to} are not kept any more"

  defp line(event, %{room_id: room_id}), do: "#{room_id}: #{event}"
end
