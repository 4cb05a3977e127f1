unless Code.ensure_loaded?(:telemetry) do
  defmodule :telemetry do
    @moduledoc false
    # As much of the library of this name as the tests need, where it is not there: handlers run in the process that
    # executes the event, and one that fails is detached.

    @type handler :: ([atom], map, map, term -> term)

    @spec attach_many(term, [[atom]], handler, term) :: :ok
    def attach_many(id, events, handler, config) do
      :persistent_term.put({__MODULE__, id}, {events, handler, config})
      update(&[id | &1])
    end

    @spec detach(term) :: :ok
    def detach(id) do
      update(&List.delete(&1, id))
      _ = :persistent_term.erase({__MODULE__, id})
      :ok
    end

    @spec execute([atom], map, map) :: :ok
    def execute(event, measurements, metadata) do
      for id <- ids(),
          {events, handler, config} <- [:persistent_term.get({__MODULE__, id}, {[], nil, nil})],
          event in events do
        try do
          handler.(event, measurements, metadata, config)
        catch
          _kind, _reason -> detach(id)
        end
      end

      :ok
    end

    defp ids, do: :persistent_term.get(__MODULE__, [])

    defp update(fun) do
      :global.trans({__MODULE__, self()}, fn -> :persistent_term.put(__MODULE__, fun.(ids())) end)
    end
  end
end
