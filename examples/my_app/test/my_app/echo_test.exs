defmodule MyApp.EchoTest do
  use ExUnit.Case, async: true

  doctest MyApp.Echo

  test "stands ready in the running application" do
    send(MyApp.Echo, {:ask, self(), :any_term})
    assert_receive {:answer, :any_term}
  end
end
