defmodule Cantilever.JSONStructs do
  @moduledoc false
  # Structs that the tests encode. Protocols are consolidated before tests are compiled, so they stand here.

  defmodule Whole do
    @moduledoc false
    @derive Cantilever.JSON.Encoder
    defstruct [:b, :a]
  end

  defmodule Part do
    @moduledoc false
    @derive {Cantilever.JSON.Encoder, only: [:name, :id]}
    defstruct [:id, :name, :secret]
  end

  defmodule Rest do
    @moduledoc false
    @derive {Cantilever.JSON.Encoder, except: [:secret]}
    defstruct [:id, :secret]
  end

  defmodule Secret do
    @moduledoc false
    defstruct [:id]
  end

  defmodule Money do
    @moduledoc false
    defstruct [:amount]

    defimpl Cantilever.JSON.Encoder do
      def encode(money, opts), do: [money.amount, opts[:escape]]
    end
  end

  defmodule Raising do
    @moduledoc false
    defstruct []

    defimpl Cantilever.JSON.Encoder do
      def encode(_value, _opts), do: raise("no")
    end
  end
end
