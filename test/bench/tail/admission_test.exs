Code.require_file("../../../bench/tail/admission.exs", __DIR__)

defmodule Cantilever.Bench.Tail.AdmissionTest do
  use ExUnit.Case, async: true

  alias Cantilever.Bench.Tail.Admission

  setup do
    %{admission: start_supervised!({Admission, 1})}
  end

  defp enter(admission) do
    test = self()

    start_supervised!(
      {Task,
       fn ->
         Admission.run(admission, fn ->
           send(test, {:inside, self()})

           receive do
             :leave -> :ok
           end
         end)
       end},
      id: make_ref()
    )
  end

  test "gives what the function gives", %{admission: admission} do
    assert Admission.run(admission, fn -> :answer end) == :answer
  end

  test "the next one is let in when one leaves", %{admission: admission} do
    first = enter(admission)
    assert_receive {:inside, ^first}
    second = enter(admission)
    refute_received {:inside, ^second}
    send(first, :leave)
    assert_receive {:inside, ^second}
  end

  test "one that raises or is killed inside makes room", %{admission: admission} do
    assert_raise RuntimeError, fn -> Admission.run(admission, fn -> raise "no" end) end
    first = enter(admission)
    assert_receive {:inside, ^first}
    Process.exit(first, :kill)
    assert Admission.run(admission, fn -> :in end) == :in
  end
end
