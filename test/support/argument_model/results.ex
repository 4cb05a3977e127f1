defmodule Cantilever.ArgumentModel.Results do
  @moduledoc false
  # What each function gives for arguments that it accepts.

  alias Cantilever.ArgumentModel.Types

  @type t ::
          {:value, term()}
          | {:where, (term() -> as_boolean(term()))}
          | {:panic, String.t()}
          | :untried

  @spec of(atom(), [term()]) :: t()
  for type <- Types.taken(), name <- [:take, :yield, :dirty_cpu, :dirty_io] do
    def of(unquote(:"#{name}_#{type}"), [value | _steps]) do
      {:value, if(unquote(type) == :f64, do: value * 1.0, else: value)}
    end
  end

  def of(:take_term, [value]), do: {:value, {value, false}}

  def of(name, [value]) when name in [:take_binary, :dirty_cpu_binary, :dirty_cpu_term],
    do: {:value, value}

  def of(name, [value]) when name in [:take_str, :dirty_cpu_str],
    do: {:value, byte_size(value)}

  def of(:owned_binary, [length]), do: {:value, String.duplicate("x", length)}

  def of(:addresses, [value, _n]),
    do: {:where, &(match?({a, a, _sum}, &1) and elem(&1, 2) == sum(value))}

  def of(:address, [_value]), do: {:where, &is_integer/1}
  def of(:kind_yielding, [_n]), do: {:value, {"normal", "normal"}}

  def of(name, [a, b]) when name in [:rustler_add, :rustler_dirty_add],
    do: {:value, wrap(a + b)}

  def of(:file_size, [_path]),
    do:
      {:where,
       &(match?({:error, {:unreadable, "cannot be read: " <> _}}, &1) or match?({:ok, _bytes}, &1))}

  def of(:half, [number]), do: {:value, half(number)}
  def of(:yield_half, [number, _n]), do: {:value, half(number)}

  def of(name, [length | _steps]) when name in [:binary_result, :yield_binary_result] do
    case half(length) do
      {:ok, half} when half < 0 -> {:panic, "capacity overflow"}
      {:ok, half} -> {:value, {:ok, String.duplicate("x", half)}}
      error -> {:value, error}
    end
  end

  def of(name, [kind | _steps]) when name in [:rustler_error, :yield_rustler_error] do
    if kind in ["ok", "badarg", "atom", "raise", "raise_term"],
      do: :untried,
      else: {:value, {:error, {"some", 1}}}
  end

  def of(name, [message | _steps])
      when name in [:panic_normal, :panic_dirty_cpu, :panic_dirty_io, :panic_yielding],
      do: {:panic, message}

  def of(name, [_value]) when name in [:panic_decode, :yield_panic_decode],
    do: {:panic, "in decode"}

  def of(:yield_panic_encode, [_n]), do: {:panic, "in encode"}
  def of(:yield_panic_drop, [_n]), do: {:panic, "in drop"}

  def of(:panic_parallel, [at]),
    do: if(at < 1_000, do: {:panic, "in rayon at #{at}"}, else: {:value, 499_500})

  def of(:yield_token, [_n]), do: {:value, false}
  def of(:counter_new, [_value]), do: {:where, &is_reference/1}
  def of(:counter_add, [_counter, _amount]), do: {:where, &is_integer/1}
  def of(:counter_add_yielding, [_counter, _amount]), do: {:where, &is_integer/1}

  def of(name, [numbers | _chunk]) when name in [:yield_sum, :plain_sum],
    do: {:value, Enum.reduce(numbers, 0, &wrap(&2 * 31 + &1))}

  def of(:yield_joined, [a, b]), do: {:value, {a, b}}
  def of(:yield_by_waking, [n]), do: {:value, n}
  def of(:yield_large, [n]), do: {:value, div(n * (n - 1), 2)}

  def of(:build_map, [keys]) do
    map = keys |> Enum.with_index() |> Map.new()
    {:value, {map, map_size(map) < length(keys)}}
  end

  def of(:offload_kinds, [_slices]), do: {:value, ["normal", "dirty_cpu", "normal"]}
  def of(:offload_sum, [numbers]), do: {:value, wrap(Enum.sum(numbers))}
  def of(:continue_rebuild, [list]), do: {:value, proper_part(list)}
  def of(:continue_steps, [until, kept]), do: {:value, {max(until, 1), kept}}
  def of(:continue_panic, [until, _kept]), do: {:panic, "in step #{max(until, 1)}"}
  def of(:continue_result, [true, _kept]), do: {:value, {:error, "refused"}}
  def of(:continue_result, [false, kept]), do: {:value, {3, kept}}
  def of(:slot_put, [_slot, _value]), do: {:value, true}
  def of(:slot_waited_for, [_slot]), do: {:where, &is_boolean/1}
  def of(:slot_references, [_slot]), do: {:where, &is_integer/1}
  def of(:slot_take, [_slot]), do: {:where, &is_integer/1}
  def of(:slot_take_then_work, [_slot, _n]), do: {:where, &is_integer/1}
  def of(:live_handle, [_bytes]), do: {:where, &is_reference/1}
  def of(:live_handle_sum, [_handle]), do: {:value, sum("abc")}
  def of(:sum_normal, [bytes]), do: {:value, sum(bytes)}
  def of(:rustler_counter_next, [_counter]), do: {:where, &is_integer/1}

  defp proper_part([item | rest]), do: [item | proper_part(rest)]
  defp proper_part(_no_list), do: []

  defp half(0), do: {:error, {:zero, "zero"}}
  defp half(number) when number > 100, do: {:error, {:too_large, "#{number} is above 100"}}
  defp half(number) when rem(number, 2) != 0, do: {:error, {:odd_number, "#{number} is odd"}}
  defp half(number), do: {:ok, div(number, 2)}

  defp sum(bytes), do: bytes |> :binary.bin_to_list() |> Enum.sum()

  # As 64 bits hold it.
  defp wrap(number) do
    <<wrapped::signed-64>> = <<number::64>>
    wrapped
  end
end
