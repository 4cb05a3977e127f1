defmodule Cantilever.Responsiveness.LongSchedules.PortsTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.LongSchedules

  test "a report about a port, which names no functions, reaches those who asked" do
    subscription = LongSchedules.subscribe(1)
    [port | _others] = Port.list()

    # As the VM sends it when a port takes long to be written to.
    send(
      LongSchedules,
      {:monitor, port, :long_schedule, [timeout: 1_234_567, port_op: :output]}
    )

    assert_receive {:long_schedule, ^subscription, ^port, 1_234_567, :undefined, :undefined}
    assert LongSchedules.unsubscribe(subscription) == :ok
  end
end
