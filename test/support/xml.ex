defmodule Cantilever.XML do
  @moduledoc false
  # Reads XML with the parser of OTP, so that a test fails on whatever is not well-formed.

  @type element :: %{name: atom, attributes: %{atom => String.t()}, text: String.t()}

  # All elements of a document in their order, each with the text right in it.
  @spec elements!(iodata) :: [element]
  def elements!(document) do
    available!()

    {tree, []} =
      document
      |> IO.iodata_to_binary()
      |> :binary.bin_to_list()
      |> then(&apply(:xmerl_scan, :string, [&1, [quiet: true]]))

    flatten([apply(:xmerl_lib, :simplify_element, [tree])])
  end

  # Mix hides from a project the applications of OTP that it does not depend on.
  defp available! do
    if function_exported?(Mix, :ensure_application!, 1),
      do: apply(Mix, :ensure_application!, [:xmerl])
  end

  defp flatten(content) do
    Enum.flat_map(content, fn
      {name, attributes, inner} ->
        text = for part <- inner, is_list(part), into: "", do: List.to_string(part)
        attributes = Map.new(attributes, fn {key, value} -> {key, List.to_string(value)} end)
        [%{name: name, attributes: attributes, text: text} | flatten(inner)]

      _text ->
        []
    end)
  end
end
