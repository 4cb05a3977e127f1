defmodule Cantilever.JSON.Fragment do
  @moduledoc """
  JSON that is ready, to be put into a document as it is.

      iex> cached = Cantilever.JSON.Fragment.new(~s({"name":"Ada"}))
      iex> Cantilever.JSON.encode!(%{"user" => cached})
      ~s({"user":{"name":"Ada"}})

  Nobody looks at what is in it: if it is not valid JSON, neither is the document. `pretty: true` does not indent it.
  """

  @enforce_keys [:iodata]
  defstruct [:iodata]

  @typedoc "Ready JSON."
  @type t() :: %__MODULE__{iodata: iodata()}

  @doc """
  Makes a fragment of JSON.

      iex> Cantilever.JSON.Fragment.new(["[1,", "2]"])
      %Cantilever.JSON.Fragment{iodata: ["[1,", "2]"]}

  That `iodata` is none is only found when it is written: then `Cantilever.JSON.encode/2` gives a
  `Cantilever.JSON.EncodeError`.
  """
  @spec new(iodata()) :: t()
  def new(iodata), do: %__MODULE__{iodata: iodata}
end
