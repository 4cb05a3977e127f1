defmodule Cantilever.Bench.JSON.Corpora.CitmCatalog do
  @moduledoc false
  # A concert hall's catalogue: small objects of integers with the same few keys over and over, seven tenths white space,
  # and tables of names whose keys are numbers.

  alias Cantilever.Bench.JSON.{Made, Text}

  @category 337_100_890

  @spec text() :: iodata
  def text do
    areas = ids(:area, 17)
    seats = ids(:seat, 64)
    topics = ids(:topic, 4)
    subtopics = ids(:subtopic, 19)
    events = ids(:event, 184)

    Text.write(
      [
        {"areaNames", names(areas, &"#{&1}ème balcon côté jardin")},
        {"audienceSubCategoryNames", [{"#{@category}", "Abonné"}]},
        {"blockNames", :empty},
        {"events", for(id <- events, do: {"#{id}", event(id, topics, subtopics)})},
        {"performances", for(index <- 1..243, do: performance(index, events, areas, seats))},
        {"seatCategoryNames", names(seats, &"#{&1}ème catégorie")},
        {"subTopicNames", names(subtopics, &"Musique n° #{&1}")},
        {"subjectNames", :empty},
        {"topicNames", names(topics, &"Activité #{&1}")},
        {"topicSubTopics", for(id <- topics, do: {"#{id}", Enum.take(subtopics, 5)})},
        {"venueNames", [{"HALL_HALL", "Salle de concert"}]}
      ],
      indent: 4
    )
  end

  defp event(id, topics, subtopics) do
    logo = if Made.chance?({id, :logo}, 60), do: "/images/" <> Made.base58({id, :logo}, 24)

    [
      {"description", nil},
      {"id", id},
      {"logo", logo},
      {"name", Made.words({id, :name}, 4)},
      {"subTopicIds", Enum.take(subtopics, 1 + Made.below({id, :subtopics}, 5))},
      {"subjectCode", nil},
      {"subtitle", nil},
      {"topicIds", Enum.take(topics, 1 + Made.below({id, :topics}, 3))}
    ]
  end

  defp performance(index, events, areas, seats) do
    seats = Enum.slice(seats, Made.below({index, :seat}, 58), 2 + Made.below({index, :seats}, 5))

    prices =
      for seat <- seats do
        amount = 500 * Made.between({index, seat}, 20..190)
        [{"amount", amount}, {"audienceSubCategoryId", @category}, {"seatCategoryId", seat}]
      end

    categories =
      for seat <- seats do
        count = 2 + Made.below({index, seat, :areas}, 13)
        areas = for id <- Enum.take(areas, count), do: [{"areaId", id}, {"blockIds", []}]
        [{"areas", areas}, {"seatCategoryId", seat}]
      end

    [
      {"eventId", Made.one_of({index, :event}, events)},
      {"id", 339_887_544 + index},
      {"logo", nil},
      {"name", nil},
      {"prices", prices},
      {"seatCategories", categories},
      {"seatMapImage", nil},
      {"start", 1_372_701_600_000 + 86_400_000 * index},
      {"venueCode", "HALL_HALL"}
    ]
  end

  defp ids(kind, count) do
    first = Made.between(kind, 200_000_000..340_000_000)
    Enum.to_list(first..(first + count - 1))
  end

  defp names(ids, name) do
    for {id, index} <- Enum.with_index(ids, 1), do: {"#{id}", name.(index)}
  end
end
