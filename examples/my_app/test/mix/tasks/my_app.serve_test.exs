defmodule Mix.Tasks.MyApp.ServeTest do
  # The configuration of the application.
  use ExUnit.Case, async: false

  alias Mix.Tasks.MyApp.Serve

  describe "port!/1" do
    test "is the one that is named, or else the one that is configured" do
      assert Serve.port!(["--port", "4321"]) == 4321
      before = MyApp.Application.port()
      on_exit(fn -> Application.put_env(:my_app, :port, before) end)
      Application.put_env(:my_app, :port, 4444)
      assert Serve.port!([]) == 4444
      Application.put_env(:my_app, :port, nil)
      assert Serve.port!([]) == 4000
    end

    test "refuses what is no port, and says how to call it" do
      for {args, said} <- [
            {["--port", "70000"], "from 0 to 65535, not 70000"},
            {["--port", "-1"], "from 0 to 65535, not -1"},
            {["--port", "http"], "wrong option: --port\nusage: mix my_app.serve"},
            {["--prot", "1"], "unknown or wrong option: --prot"},
            {["4000"], "unexpected argument: 4000"}
          ] do
        assert_raise Mix.Error, ~r/#{said}/, fn -> Serve.port!(args) end
      end
    end
  end

  describe "check_free!/1" do
    test "names the port that is taken" do
      {:ok, socket} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
      {:ok, port} = :inet.port(socket)
      assert_raise Mix.Error, ~r/port #{port} is taken/, fn -> Serve.check_free!(port) end
      :ok = :gen_tcp.close(socket)
      assert :ok = Serve.check_free!(port)
    end
  end
end
