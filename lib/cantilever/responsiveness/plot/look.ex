defmodule Cantilever.Responsiveness.Plot.Look do
  @moduledoc false
  # How series differ: by colour, by dashes and by the shape of their markers at once, so that no one of them has to be seen.

  # For light and for dark ground: apart for every common kind of colour-blindness, and of a contrast of 3:1 at least.
  @colours [
    {"#0060a8", "#56b4e9"},
    {"#c75000", "#ff9d52"},
    {"#00795a", "#3fd0a4"},
    {"#a8438a", "#e79ac8"},
    {"#1f2328", "#f0f3f6"},
    {"#8a6d00", "#f0e442"},
    {"#7a7f87", "#9aa4b0"}
  ]

  @dashes [nil, "8 4", "2 3", "10 3 2 3", "5 2"]

  # Around the origin, within 5 pixels.
  @markers [
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
    "M-3.7 -3.7h7.4v7.4h-7.4z",
    "M0 -5L4.8 3.6H-4.8z",
    "M0 -5L5 0L0 5L-5 0z",
    "M0 5L4.8 -3.6H-4.8z",
    "M-4 -4L4 4M-4 4L4 -4",
    "M0 -5V5M-5 0H5",
    "M-5 -2.2H5V2.2H-5z"
  ]

  @type t :: %{class: String.t(), dash: String.t() | nil, marker: String.t()}

  @doc "The look of the series at `index`, counted from 0. No two of the first 280 are the same."
  @spec of(non_neg_integer) :: t
  def of(index) do
    %{
      class: "s#{rem(index, length(@colours))}",
      dash: Enum.at(@dashes, rem(index, length(@dashes))),
      marker: Enum.at(@markers, rem(index, length(@markers)))
    }
  end

  # Every selector names the plot, as the styles of an SVG that stands in a page are the page's.
  @style """
  .cantilever-plot { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 13px }
  .cantilever-plot .ground { fill: #ffffff }
  .cantilever-plot .text { fill: #1f2328 }
  .cantilever-plot .faint { fill: #59636e }
  .cantilever-plot .grid { stroke: #d8dee4 }
  .cantilever-plot .axis { stroke: #59636e }
  #{for {{light, _dark}, n} <- Enum.with_index(@colours), do: ".cantilever-plot .s#{n} { color: #{light} }\n"}\
  @media (prefers-color-scheme: dark) {
  .cantilever-plot .ground { fill: #0d1117 }
  .cantilever-plot .text { fill: #f0f3f6 }
  .cantilever-plot .faint { fill: #9aa4b0 }
  .cantilever-plot .grid { stroke: #30363d }
  .cantilever-plot .axis { stroke: #9aa4b0 }
  #{for {{_light, dark}, n} <- Enum.with_index(@colours), do: ".cantilever-plot .s#{n} { color: #{dark} }\n"}\
  }
  """

  @doc "The style sheet that the classes of a plot stand in."
  @spec style() :: String.t()
  def style, do: @style
end
