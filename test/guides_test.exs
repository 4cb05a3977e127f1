defmodule Cantilever.GuidesTest do
  use ExUnit.Case, async: true

  # Processes are killed in them.
  @moduletag :capture_log

  # The code of a guide, as steps of code with the value that is claimed to follow, or nil.
  defp steps(path) do
    ~r/```elixir\n(.*?)```/s
    |> Regex.scan(File.read!(path), capture: :all_but_first)
    |> Enum.flat_map(fn [block] -> block |> String.split("\n", trim: true) |> steps([], []) end)
  end

  defp steps([], code, steps), do: Enum.reverse([{joined(code), nil} | steps])

  defp steps(["#=> " <> claimed | lines], code, steps),
    do: steps(lines, [], [{joined(code), claimed} | steps])

  defp steps([line | lines], code, steps), do: steps(lines, [line | code], steps)

  defp joined(lines), do: lines |> Enum.reverse() |> Enum.join("\n")

  defp run(path) do
    steps = steps(path)
    assert length(for {_code, claimed} when claimed != nil <- steps, do: claimed) > 5

    Enum.reduce(steps, [], fn {code, claimed}, binding ->
      {value, binding} = Code.eval_string(code, binding, file: path)

      if claimed do
        {expected, _binding} = Code.eval_string(claimed, binding, file: path)
        assert {code, value} == {code, expected}
      end

      binding
    end)
  end

  test "guides/actors.md says what is" do
    run("guides/actors.md")
  end

  test "guides/chat.md says what is" do
    start_supervised!({Cantilever.Chat, name: MyApp.Chat})
    run("guides/chat.md")
  end

  test "guides/web_server.md says what is" do
    {:ok, _started} = Application.ensure_all_started(:inets)
    run("guides/web_server.md")
  end

  test "links between the guides and the README lead somewhere" do
    for path <- ["README.md" | Path.wildcard("guides/*.md")],
        [link] <-
          Regex.scan(~r/\]\(((?!http)[^)#\s]+)/, File.read!(path), capture: :all_but_first) do
      target = path |> Path.dirname() |> Path.join(link)
      assert File.exists?(target), "#{path} links to #{link}"
    end
  end
end
