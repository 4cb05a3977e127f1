defmodule Cantilever.Bench.JSON.Corpora.Blockchain do
  @moduledoc false
  # Ten transactions: long strings of hexadecimal digits, integers, a quarter white space.

  alias Cantilever.Bench.JSON.{Made, Text}

  # How many inputs and outputs each has.
  @transactions [{1, 2}, {1, 2}, {8, 2}, {1, 1}, {1, 2}, {1, 1}, {1, 1}, {1, 1}, {1, 2}, {1, 2}]

  @spec text() :: iodata
  def text do
    transactions =
      for {{inputs, outputs}, index} <- Enum.with_index(@transactions) do
        ["\n\n", Text.write(transaction(index, inputs, outputs), indent: 3, colon: ":")]
      end

    ["{\n\"txs\":[", Enum.intersperse(transactions, ","), "]\n}"]
  end

  defp transaction(index, inputs, outputs) do
    number = 251_067_906 + index

    [
      {"lock_time", 0},
      {"ver", 1},
      {"size", Made.between({index, :size}, 190..1_500)},
      {"inputs", for(input <- 1..inputs, do: input({index, input}))},
      {"double_spend", false},
      {"time", 1_494_882_215 + index},
      {"tx_index", number},
      {"vin_sz", inputs},
      {"hash", Made.hex({index, :hash}, 64)},
      {"vout_sz", outputs},
      {"relayed_by", "127.0.0.1"},
      {"out", for(output <- 1..outputs, do: output({index, output, :out}, number, output - 1))}
    ]
  end

  defp input(key) do
    source = Made.between({key, :source}, 250_000_000..251_000_000)

    [
      {"sequence", 4_294_967_295},
      {"prev_out", output({key, :previous}, source, Made.below(key, 2))},
      {"script", Made.hex({key, :script}, 214)}
    ]
  end

  defp output(key, transaction, n) do
    [
      {"spent", Made.chance?(key, 40)},
      {"tx_index", transaction},
      {"type", 0},
      {"addr", "1" <> Made.base58({key, :address}, 33)},
      {"value", Made.between({key, :value}, 10_000..90_000_000)},
      {"n", n},
      {"script", "76a914" <> Made.hex({key, :script}, 40) <> "88ac"}
    ]
  end
end
