defmodule Cantilever.StaleHandle do
  @moduledoc """
  Raised when a native function gets a handle that another build of its library has made.

  After an upgrade of a library, references that the old build gave out go on existing, in the state of processes
  and in tables, but what they refer to is laid out as the old build knows it. So the new one refuses them, unless both
  declare the type with `#[cantilever::resource(layout = 1)]` and it looks the same in both. The message says which
  argument it is, which version made it, which one is loaded, and why the handle is not taken over.

  A process that holds such handles makes new ones when it meets the exception, or just ends and is restarted:

      def handle_call({:word, index}, _from, state) do
        {:reply, MyApp.Native.word(state.dictionary, index), state}
      rescue
        Cantilever.StaleHandle ->
          dictionary = MyApp.Native.parse_dictionary(state.text)
          {:reply, MyApp.Native.word(dictionary, index), %{state | dictionary: dictionary}}
      end

  The fields are `module`, the module of the library; `type`, the name of the Rust type; and `made_by` and `loaded`,
  the two versions, each as the version of the crate with the name of the library's file.
  """

  @type t :: %__MODULE__{
          message: String.t(),
          module: module(),
          type: String.t(),
          made_by: String.t(),
          loaded: String.t()
        }

  defexception [:message, :module, :type, :made_by, :loaded]
end
