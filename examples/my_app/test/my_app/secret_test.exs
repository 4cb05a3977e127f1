defmodule MyApp.SecretTest do
  use ExUnit.Case, async: true

  alias MyApp.Secret

  @moduletag :tmp_dir

  setup %{tmp_dir: dir}, do: %{path: Path.join(dir, "secret")}

  test "is made once, and nobody else may read it", %{path: path, tmp_dir: dir} do
    secret = Secret.fetch!(path)
    assert byte_size(secret) == 32
    assert Secret.fetch!(path) == secret
    assert Bitwise.band(File.stat!(path).mode, 0o777) == 0o600
    assert File.ls!(dir) == ["secret"]
  end

  test "is one for all who make it at the same time", %{path: path} do
    secrets = 1..20 |> Enum.map(fn _ -> Task.async(fn -> Secret.fetch!(path) end) end)
    assert [_one] = secrets |> Task.await_many() |> Enum.uniq()
  end

  test "is nothing else that is in the file, and says so", %{path: path} do
    File.write!(path, "")
    assert_raise RuntimeError, ~r/secret is no secret/, fn -> Secret.fetch!(path) end
  end

  test "names the file that cannot be read or made", %{tmp_dir: dir} do
    assert_raise File.Error, ~r/could not read the secret/, fn -> Secret.fetch!(dir) end
    assert_raise File.Error, fn -> Secret.fetch!(Path.join(dir, "none/secret")) end
  end
end
