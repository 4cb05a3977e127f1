defmodule Cantilever.Nif.UpgradeError do
  @moduledoc """
  Why `Cantilever.Nif.upgrade/2` has left a library as it was.

      case Cantilever.Nif.upgrade(MyApp.Native) do
        {:ok, _done} -> :ok
        {:error, %Cantilever.Nif.UpgradeError{reason: :in_use, processes: processes}} -> {:later, processes}
        {:error, error} -> raise error
      end

  | `reason` | what |
  |---|---|
  | `:not_native` | the module does not `use Cantilever.Nif`, is not loaded, or its library is plain rustler's, which cannot be loaded beside an older one |
  | `:compile` | the project does not compile |
  | `:library` | there is no such library or beam file, or it is for another system or another module |
  | `:functions` | the functions of the library are not those of the module |
  | `:in_use` | `processes` still run the code from before the last upgrade, and did not leave it in time |
  | `:too_many_builds` | the node has loaded as many builds as the option `:max_builds` says |
  | `:busy` | another upgrade did not end in time |
  | `:load` | the library refused, or the VM did |
  """

  @type reason ::
          :not_native
          | :compile
          | :library
          | :functions
          | :in_use
          | :too_many_builds
          | :busy
          | :load
  @type t :: %__MODULE__{
          message: String.t(),
          reason: reason(),
          processes: [{pid(), mfa() | nil}]
        }

  defexception [:message, :reason, processes: []]

  @doc false
  @spec failure(reason(), String.t(), [{pid(), mfa() | nil}]) :: {:error, t()}
  def failure(reason, message, processes \\ []),
    do: {:error, %__MODULE__{reason: reason, message: message, processes: processes}}
end
