defmodule MyApp.Upgrade do
  @moduledoc """
  Brings the running node to another version of its release, up or down, while it works.

      $ bin/my_app rpc 'MyApp.Upgrade.install("0.2.0")'
      $ bin/my_app rpc 'MyApp.Upgrade.make_permanent("0.2.0")'

  The archive of a version that is new to the node is expected as `releases/my_app-0.2.0.tar.gz`.

  The VM keeps two versions of a module. A call that runs while its module is replaced goes on in the old one and
  finishes there. To load a third version, the oldest has to go; so whoever still runs *that* is waited for, and
  nobody is killed.
  """

  # Another look at whether the calls have ended that hold an upgrade up.
  @poll_ms 100

  @doc "Unpacks the archive of a version, unless that was done before."
  @spec unpack(String.t()) :: :ok
  def unpack(version) do
    archive = "#{System.fetch_env!("RELEASE_NAME")}-#{version}"

    with false <- to_charlist(version) in versions(),
         {:error, reason} <- :release_handler.unpack_release(to_charlist(archive)) do
      raise "releases/#{archive}.tar.gz was not unpacked: #{inspect(reason)}"
    end

    :ok
  end

  @doc """
  Installs a version, and unpacks it first where that was not done.

  It runs until the node ends; what the node starts with is a matter of `make_permanent/1`.

  Waits for at most `timeout` milliseconds until no call of the version before the present one is left. Raises if
  there still is one, or if the version cannot be installed; the node is then as it was.
  """
  @spec install(String.t(), timeout :: non_neg_integer()) :: :ok
  def install(version, timeout \\ 60_000) do
    :ok = unpack(version)
    wait!(version, System.monotonic_time(:millisecond) + timeout)

    case :release_handler.install_release(to_charlist(version)) do
      {:ok, _version, _description} -> IO.puts("#{version} is installed")
      error -> raise "#{version} was not installed: #{inspect(error)}"
    end
  end

  @doc "Makes an installed version the one that the node starts with."
  @spec make_permanent(String.t()) :: :ok
  def make_permanent(version) do
    case :release_handler.make_permanent(to_charlist(version)) do
      :ok -> :ok
      {:error, reason} -> raise "#{version} was not made permanent: #{inspect(reason)}"
    end
  end

  defp versions do
    for {_name, version, _libs, _status} <- :release_handler.which_releases(), do: version
  end

  # `install_release` would refuse as well, but by then it has told the applications that they are of the new version.
  # What this has purged does not come back before the next upgrade.
  defp wait!(version, deadline) do
    case :release_handler.check_install_release(to_charlist(version), [:purge]) do
      {:ok, _from, _description} ->
        :ok

      {:error, {:old_processes, module}} ->
        if System.monotonic_time(:millisecond) > deadline do
          raise "calls of the version before the present one still run in #{inspect(module)}; " <>
                  "#{version} was not installed"
        end

        Process.sleep(@poll_ms)
        wait!(version, deadline)

      {:error, reason} ->
        raise "#{version} was not installed: #{inspect(reason)}"
    end
  end
end
