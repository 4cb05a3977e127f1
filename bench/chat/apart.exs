defmodule Cantilever.Bench.Chat.Apart do
  @moduledoc """
  Runs a part of the bench that breaks things on purpose: with a folder of its own, which is removed, and with the log silent, as what is
  meant to fail is logged as all else that fails.

      Cantilever.Bench.Chat.Apart.run("soak", fn folder -> File.ls!(folder) end)
      #=> []
  """

  @spec run(String.t(), (folder :: Path.t() -> result)) :: result when result: term
  def run(name, fun) do
    level = Logger.level()
    Logger.configure(level: :none)

    try do
      in_folder(name, fun)
    after
      Logger.configure(level: level)
    end
  end

  @doc "The same with the log as it is."
  @spec in_folder(String.t(), (folder :: Path.t() -> result)) :: result when result: term
  def in_folder(name, fun) do
    folder = Path.join(System.tmp_dir!(), "cantilever-#{name}-#{System.pid()}")
    File.mkdir_p!(folder)

    try do
      fun.(folder)
    after
      File.rm_rf!(folder)
    end
  end
end
