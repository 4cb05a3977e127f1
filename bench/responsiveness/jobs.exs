defmodule Cantilever.Bench.Responsiveness.Jobs do
  @moduledoc false
  # The three jobs with their inputs, and what runs them in each way.
  #
  # `input` is what the native ways get, `small` what pure Elixir gets, which would be busy for seconds otherwise.

  alias Cantilever.Bench.Calibrate
  alias Cantilever.Bench.Responsiveness.{Arithmetic, Calls, Program, Records, Thumbnail, Ways}

  @kernel_us 20_000
  @width 320

  @type t :: %{
          key: :arithmetic | :records | :thumbnail,
          title: String.t(),
          note: String.t(),
          input: term,
          small: term,
          run: (Ways.t(), term -> term)
        }

  @spec all(quick :: boolean) :: [t]
  def all(quick?), do: [arithmetic(), records(quick?), thumbnail(quick?)]

  # Raises unless all ways give the same for the small input, and all native ones for the large one.
  @spec check!([t]) :: :ok
  def check!(jobs) do
    for job <- jobs,
        {input, ways} <- [{job.small, Ways.all() -- [:idle]}, {job.input, Ways.native()}] do
      case ways |> Enum.group_by(&job.run.(&1, input)) |> Map.values() do
        [_all] -> :ok
        groups -> raise "#{job.title}: the ways differ in their results: #{inspect(groups)}"
      end
    end

    :ok
  end

  defp arithmetic do
    n = Calibrate.input(&Calls.sum_rustler_dirty/1, 20_000_000, @kernel_us)
    small = Calibrate.input(&Arithmetic.sum_of_squares/1, 500_000, @kernel_us)

    %{
      key: :arithmetic,
      title: "arithmetic",
      note:
        "arithmetic: Σ i² over #{n} numbers, which takes plain Rust some 20 ms here; pure Elixir's calls add up #{small}, " <>
          "which takes it as long",
      input: n,
      small: small,
      run: fn
        :elixir, n -> Arithmetic.sum_of_squares(n)
        :port, n -> Program.sum(n)
        :rustler_thread, n -> awaited(Calls.sum_rustler_thread(n))
        way, n -> apply(Calls, :"sum_#{way}", [n])
      end
    }
  end

  defp records(quick?) do
    bytes = if quick?, do: 2_000_000, else: 20_000_000
    small = Calls.document(div(bytes, 20))

    %{
      key: :records,
      title: "records",
      note:
        "records: #{mega(bytes)} MB of JSON, a record a line, each line decoded in full; pure Elixir's calls decode " <>
          "#{mega(byte_size(small))} MB (#{Records.decoder()}); the port is sent all of it each time",
      input: Calls.document(bytes),
      small: small,
      run: fn
        :elixir, document -> Records.decode(document)
        :port, document -> Program.decode(document)
        :rustler_thread, document -> ok(awaited(Calls.decode_rustler_thread(document)))
        way, document -> ok(apply(Calls, :"decode_#{way}", [document]))
      end
    }
  end

  defp thumbnail(quick?) do
    {width, height} = if quick?, do: {900, 600}, else: {3_000, 2_000}
    {:ok, large} = Calls.picture(width, height)
    {:ok, small} = Calls.picture(480, 320)

    %{
      key: :thumbnail,
      title: "thumbnail",
      note:
        "thumbnail: a PNG picture of #{width}x#{height} pixels (#{mega(byte_size(large))} MB) made #{@width} wide; pure " <>
          "Elixir's calls shrink a smaller one (#{mega(byte_size(small))} MB); the port is sent the picture each time; " <>
          "the rows of a PNG picture need each other, so that \"parallel\" shares out the filter alone",
      input: large,
      small: small,
      run: fn
        :elixir, png -> Thumbnail.shrink(png, @width)
        :port, png -> Program.shrink(png, @width)
        :rustler_thread, png -> ok(awaited(Calls.shrink_rustler_thread(png, @width)))
        way, png -> ok(apply(Calls, :"shrink_#{way}", [png, @width]))
      end
    }
  end

  defp awaited(:ok) do
    receive do
      sum when is_integer(sum) -> sum
      {tag, _result} = answer when tag in [:ok, :error] -> answer
    end
  end

  defp ok({:ok, result}), do: result
  defp ok({:error, message}), do: raise(message)

  defp mega(bytes), do: Float.round(bytes / 1_000_000, 1)
end
