defmodule MyApp.NativeTest do
  # One test here fills all dirty schedulers.
  use ExUnit.Case, async: false

  alias MyApp.Native

  doctest MyApp.Native

  @fixtures Path.expand("../fixtures", __DIR__)
  @pictures ~w(gradient.jpg gradient.png gradient.webp)

  describe "intensive_calculation/1" do
    test "is exact, also where 64 bits are too few" do
      for n <- [0, 1, 2, 10, 4095, 4096, 4097, 1_000_003, 3_024_618, 20_000_000] do
        assert Native.intensive_calculation(n) == div((n - 1) * n * (2 * n - 1), 6)
      end
    end

    test "gives each of many callers its own result" do
      tasks = for n <- 1..50, do: Task.async(fn -> Native.intensive_calculation(n * 10_000) end)

      for {sum, n} <- Enum.zip(Task.await_many(tasks), 1..50) do
        n = n * 10_000
        assert sum == div((n - 1) * n * (2 * n - 1), 6)
      end
    end

    test "refuses everything but a number of squares" do
      for input <- [-1, 1.0, "4", :four, nil, [4], {4}, %{}, 2 ** 64, self(), fn -> 4 end] do
        assert_raise ArgumentError, fn -> Native.intensive_calculation(input) end
      end
    end

    test "leaves room for others while it runs" do
      caller = spawn(fn -> Native.intensive_calculation(2 ** 63) end)
      assert Native.intensive_calculation(10) == 285
      assert Process.alive?(caller)

      monitor = Process.monitor(caller)
      Process.exit(caller, :kill)
      assert_receive {:DOWN, ^monitor, :process, ^caller, :killed}
    end
  end

  describe "intensive_calculation_dirty/1" do
    test "is the same sum" do
      for n <- [0, 1, 4096, 4097, 1_000_003],
          do: assert(Native.intensive_calculation_dirty(n) == Native.intensive_calculation(n))
    end

    test "ends with its caller" do
      caller = spawn(fn -> Native.intensive_calculation_dirty(2 ** 63) end)
      monitor = Process.monitor(caller)
      Process.exit(caller, :kill)
      assert_receive {:DOWN, ^monitor, :process, ^caller, :killed}
    end
  end

  describe "hold_scheduler/1" do
    test "takes as long as it was told to" do
      {us, squares} = :timer.tc(fn -> Native.hold_scheduler(20) end)
      assert us >= 20_000
      assert squares > 0
      assert Native.hold_scheduler(0) == 0
    end

    test "refuses what is no time" do
      for input <- [-1, 1.0, nil, 2 ** 64],
          do: assert_raise(ArgumentError, fn -> Native.hold_scheduler(input) end)
    end
  end

  describe "render_fractal/3" do
    test "is a PNG of the size asked for" do
      assert {:ok, png} = Native.render_fractal(64, 48, 100)

      assert <<0x89, "PNG\r\n", 0x1A, "\n", 13::32, "IHDR", 64::32, 48::32, 8, 2, _rest::binary>> =
               png
    end

    test "is the same picture each time" do
      assert Native.render_fractal(100, 70, 300) == Native.render_fractal(100, 70, 300)
    end

    test "says which size or depth it cannot do" do
      assert {:error, {:invalid_size, message}} = Native.render_fractal(0, 48, 100)
      assert message =~ "0x48"
      assert {:error, {:invalid_size, _message}} = Native.render_fractal(16_384, 16_384, 100)
      assert {:error, {:invalid_size, _message}} = Native.render_fractal(16_385, 1, 100)
      assert {:error, {:invalid_iterations, _message}} = Native.render_fractal(64, 48, 0)
      assert {:error, {:invalid_iterations, _message}} = Native.render_fractal(64, 48, 100_001)
    end

    test "raises for what is no number of pixels" do
      for bad <- [-1, 1.5, "64", nil, 2 ** 32] do
        assert_raise ArgumentError, fn -> Native.render_fractal(bad, 48, 100) end
        assert_raise ArgumentError, fn -> Native.render_fractal(64, bad, 100) end
        assert_raise ArgumentError, fn -> Native.render_fractal(64, 48, bad) end
      end
    end

    test "stops when its caller dies, so that the next call gets its turn" do
      busy = for _ <- 1..(2 * :erlang.system_info(:dirty_cpu_schedulers_online)), do: long_call()

      for caller <- busy do
        monitor = Process.monitor(caller)
        Process.exit(caller, :kill)
        assert_receive {:DOWN, ^monitor, :process, ^caller, :killed}
      end

      assert {:ok, _png} = Native.render_fractal(8, 8, 10)
    end
  end

  describe "thumbnail/2" do
    test "makes a WebP of each format, as large as asked for" do
      for picture <- @pictures do
        assert {:ok, webp} = Native.thumbnail(fixture(picture), 30)
        assert webp_size(webp) == {30, 20}, picture
      end
    end

    test "never enlarges" do
      assert {:ok, webp} = Native.thumbnail(fixture("gradient.jpg"), 16_383)
      assert webp_size(webp) == {60, 40}
    end

    test "turns a picture upright" do
      assert {:ok, webp} = Native.thumbnail(fixture("turned.jpg"), 30)
      assert webp_size(webp) == {20, 30}
    end

    test "takes a picture of its own, a fractal and a part of a larger binary" do
      {:ok, png} = Native.render_fractal(90, 60, 100)
      {:ok, webp} = Native.thumbnail(png, 45)
      assert webp_size(webp) == {45, 30}

      assert {:ok, ^webp} =
               Native.thumbnail(binary_part("before" <> png <> "after", 6, byte_size(png)), 45)

      assert {:ok, again} = Native.thumbnail(webp, 15)
      assert webp_size(again) == {15, 10}
    end

    test "says malformed of a truncated picture wherever it ends" do
      for picture <- @pictures, eighth <- 1..7 do
        whole = fixture(picture)
        part = binary_part(whole, 0, div(byte_size(whole) * eighth, 8))
        assert {:error, {:malformed, message}} = Native.thumbnail(part, 30)
        assert message =~ "cannot be read", "#{picture} at #{eighth}/8"
      end
    end

    test "says unsupported_format of what is no picture it knows" do
      :rand.seed(:exsss, 1)

      for bytes <- ["", "text", "GIF89a......", :rand.bytes(10_000)] do
        assert {:error, {:unsupported_format, message}} = Native.thumbnail(bytes, 30)
        assert message =~ "JPEG, PNG and WebP can be read"
      end
    end

    test "answers with a result for any damaged picture" do
      :rand.seed(:exsss, 2)

      for picture <- @pictures, _ <- 1..100 do
        whole = fixture(picture)
        at = :rand.uniform(byte_size(whole)) - 1
        <<before::binary-size(at), _byte, rest::binary>> = whole
        damaged = <<before::binary, :rand.uniform(256) - 1, rest::binary>>
        assert {tag, _value} = Native.thumbnail(damaged, 30)
        assert tag in [:ok, :error]
      end
    end

    test "refuses a bomb by what its header claims" do
      header = <<"IHDR", 100_000::32, 100_000::32, 8, 2, 0, 0, 0>>

      bomb =
        <<0x89, "PNG\r\n", 0x1A, "\n", 13::32, header::binary, :erlang.crc32(header)::32,
          4096::32, "IDAT">>

      assert {:error, {:too_many_pixels, message}} = Native.thumbnail(bomb, 30)
      assert message =~ "100000x100000"
    end

    test "says which size it cannot do" do
      for side <- [0, 16_384, 4_294_967_295] do
        assert {:error, {:invalid_size, message}} =
                 Native.thumbnail(fixture("gradient.png"), side)

        assert message =~ "#{side}"
      end
    end

    test "raises for what is no binary, and no size" do
      for bad <- [nil, :png, ~c"list", 1, <<1::3>>, %{}] do
        assert_raise ArgumentError, fn -> Native.thumbnail(bad, 30) end
      end

      for bad <- [-1, 2 ** 32, 30.0, "30", nil] do
        assert_raise ArgumentError, fn -> Native.thumbnail("", bad) end
      end
    end
  end

  # A process with a call that would take minutes: inside of it, or, where the library has its limit of dirty calls already,
  # waiting for its turn.
  defp long_call do
    caller = spawn(fn -> Native.render_fractal(16_000, 6_000, 100_000) end)
    wait_until_begun(caller)
    caller
  end

  # A process that waits for a dirty scheduler is runnable, running once it has one, and suspended while it waits for its turn.
  defp wait_until_begun(caller) do
    case Process.info(caller, [:status, :current_function]) do
      [status: status, current_function: {Native, :render_fractal, 3}]
      when status in [:running, :suspended] ->
        :ok

      [_status, _current_function] ->
        wait_until_begun(caller)
    end
  end

  defp fixture(name), do: File.read!(Path.join(@fixtures, name))

  # The lossless WebP that thumbnail/2 writes: sizes less one, 14 bits each.
  defp webp_size(
         <<"RIFF", _size::32, "WEBPVP8L", _length::32, 0x2F, bits::little-32, _rest::binary>>
       ) do
    {Bitwise.band(bits, 0x3FFF) + 1, Bitwise.band(Bitwise.bsr(bits, 14), 0x3FFF) + 1}
  end
end
