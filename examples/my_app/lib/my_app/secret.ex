defmodule MyApp.Secret do
  @moduledoc """
  The secret that the tokens of this node are signed with: made when it is first needed, and kept.

      secret = MyApp.Secret.fetch!("/var/lib/my_app/secret")

  Only the user who runs the node may read the file. Whoever has the secret can sign in as anybody; without the file
  a new one is made, and all tokens are void. Who needs the secret is told where it is, and asks for it: so it is in no child specification
  that a report may print.
  """

  @bytes 32

  @doc """
  The secret in the file at `path`: reads it, or makes one there. What was read once is kept until the node ends.

  Raises where the file cannot be read or written, or holds something else.
  """
  @spec fetch!(Path.t()) :: binary()
  def fetch!(path) do
    case :persistent_term.get({__MODULE__, path}, nil) do
      nil ->
        secret = read!(path)
        :persistent_term.put({__MODULE__, path}, secret)
        secret

      secret ->
        secret
    end
  end

  defp read!(path) do
    case File.read(path) do
      {:ok, <<secret::binary-size(@bytes)>>} ->
        secret

      {:ok, other} ->
        raise "#{path} is no secret, which has #{@bytes} bytes and not #{byte_size(other)}: " <>
                "remove it, and a new one is made"

      {:error, :enoent} ->
        make!(path)

      {:error, reason} ->
        raise File.Error, reason: reason, action: "read the secret", path: path
    end
  end

  # Nobody else can read it at any moment, and of two that make one, one is kept.
  defp make!(path) do
    folder = path <> ".#{System.pid()}-#{System.unique_integer([:positive])}.tmp"
    draft = Path.join(folder, "secret")

    try do
      # A file is made readable for as many as the system says, and who has opened it then may read on: so nobody gets to it.
      File.mkdir!(folder)
      File.chmod!(folder, 0o700)
      File.write!(draft, :crypto.strong_rand_bytes(@bytes), [:exclusive])
      File.chmod!(draft, 0o600)

      case File.ln(draft, path) do
        :ok -> :ok
        {:error, :eexist} -> :ok
        {:error, reason} -> raise File.Error, reason: reason, action: "keep a secret", path: path
      end
    after
      File.rm_rf(folder)
    end

    read!(path)
  end
end
