for file <-
      ~w(made text corpora/canada corpora/citm_catalog corpora/blockchain corpora/github corpora/utf8
               corpora/twitter/entities corpora/twitter/user corpora/twitter) do
  Code.require_file("#{file}.exs", __DIR__)
end

defmodule Cantilever.Bench.JSON.Corpora do
  @moduledoc """
  The documents that are decoded and encoded: files of a folder, or made up in the shape of these.

      corpora = Cantilever.Bench.JSON.Corpora.made()
      byte_size(corpora["twitter"])

  What is made up has the structure, the size and the share of numbers, white space and Unicode that the well-known files
  have, but none of their content, so that the bench needs no download and carries nothing of others'.
  """

  alias Cantilever.Bench.JSON.Corpora.{Blockchain, Canada, CitmCatalog, Github, Twitter, Utf8}

  # What the geometric means are over.
  @main ~w(twitter canada citm_catalog github blockchain)
  @extra ~w(utf-8-escaped utf-8-unescaped)

  @type t :: %{(name :: String.t()) => text :: binary}

  @doc "The names of the documents that the geometric means are over."
  @spec main() :: [String.t()]
  def main, do: @main

  @doc "The names of all the documents, in the order in which they are shown."
  @spec names() :: [String.t()]
  def names, do: @main ++ @extra

  @doc "The files NAME.json of a folder; raises where one is missing."
  @spec read!(Path.t()) :: t
  def read!(folder) do
    paths = for name <- names(), do: {name, Path.join(folder, name <> ".json")}

    case Enum.reject(paths, fn {_name, path} -> File.regular?(path) end) do
      [] ->
        Map.new(paths, fn {name, path} -> {name, File.read!(path)} end)

      missing ->
        raise ArgumentError,
              "--data needs a folder with #{Enum.map_join(paths, ", ", fn {name, _} -> name <> ".json" end)}; " <>
                "missing: #{Enum.map_join(missing, ", ", &elem(&1, 1))}"
    end
  end

  @doc "Made-up documents of the same names."
  @spec made() :: t
  def made do
    %{
      "twitter" => Twitter.text(),
      "canada" => Canada.text(),
      "citm_catalog" => CitmCatalog.text(),
      "github" => Github.text(),
      "blockchain" => Blockchain.text(),
      "utf-8-escaped" => Utf8.escaped(),
      "utf-8-unescaped" => Utf8.unescaped()
    }
    |> Map.new(fn {name, text} -> {name, IO.iodata_to_binary(text)} end)
  end

  @doc "What a chat sends: an event of the Phoenix Channels protocol, of 100 bytes."
  @spec message() :: binary
  def message do
    ~s(["3","17","room:lobby","new_msg",{"user":"anna","id":471,"body":"Shall we meet at the café at 8?"}])
  end

  @doc "A document of at least so many bytes: one of the above over and over, in an array."
  @spec repeated(binary, pos_integer) :: binary
  def repeated(text, bytes) do
    count = div(bytes, byte_size(text) + 1) + 1
    IO.iodata_to_binary([?[, Enum.intersperse(List.duplicate(text, count), ?,), ?]])
  end
end
