defmodule Cantilever.Nif.Precompiled.Fetch.Failure do
  @moduledoc false
  # Why a mirror did not give the file, in words, and whether it may do so later. Pure.

  alias Cantilever.Nif.Precompiled.Fetch.Link

  @enforce_keys [:message, :retry?]
  defstruct [:message, :retry?]

  @type t :: %__MODULE__{message: String.t(), retry?: boolean()}

  @spec status(Link.t(), pos_integer()) :: t()
  def status(link, code) when code in [404, 410] do
    final(
      link,
      "answers #{code}: there is no such file. See that the release is published with this file, " <>
        "and that the options :base_url and :version are right"
    )
  end

  def status(link, code) when code in [401, 403] do
    final(
      link,
      "answers #{code}: it does not allow this download. Check the headers in the option :base_url, " <>
        "and that the file is public if there are none"
    )
  end

  def status(link, 407) do
    final(
      link,
      "was not reached: the proxy answers 407 and wants a user and a password. " <>
        "Put them into HTTP_PROXY or HTTPS_PROXY, as http://user:password@host:port"
    )
  end

  def status(link, code) when code in [408, 425, 429] or code in 500..599 do
    later(link, "answers #{code}: the server is busy or has a fault. Try again later")
  end

  def status(link, code),
    do: final(link, "answers #{code}, which is not the file. Check the option :base_url")

  @spec html(Link.t()) :: t()
  def html(link) do
    final(
      link,
      "answers with a web page instead of the file, as pages for signing in and for errors are. Open the address in " <>
        "a browser, and check the option :base_url and the network's proxy"
    )
  end

  @spec too_large(Link.t(), pos_integer()) :: t()
  def too_large(link, max_bytes) do
    final(
      link,
      "sends more than the #{max_bytes} bytes that a file may have, and was cut off. " <>
        "Check that the option :base_url leads to the right file"
    )
  end

  # What is not the file, such as a page that says why.
  @spec bloated(Link.t()) :: t()
  def bloated(link) do
    final(
      link,
      "answers with a great deal that is not the file, and was cut off. Check the option :base_url"
    )
  end

  @spec short(Link.t(), non_neg_integer()) :: t()
  def short(link, announced) do
    later(
      link,
      "announced #{announced} bytes and broke off: the file is truncated. Try again later"
    )
  end

  @spec redirects(Link.t(), pos_integer()) :: t()
  def redirects(link, most) do
    final(link, "redirects more than #{most} times. Check the option :base_url")
  end

  @spec slow(Link.t(), non_neg_integer()) :: t()
  def slow(link, ms) do
    later(
      link,
      "sent nothing for #{div(ms, 1000)} seconds. Check the network, or try again later"
    )
  end

  @spec endless(Link.t(), non_neg_integer()) :: t()
  def endless(link, ms) do
    final(
      link,
      "was not done after #{div(ms, 60_000)} minutes, and was cut off. Check the network, or name another mirror"
    )
  end

  # Asking again cannot help.
  @spec final(String.t()) :: t()
  def final(message), do: %__MODULE__{message: message, retry?: false}

  # What `:httpc` gives as a reason, which nests the system's own in several ways.
  @spec reason(Link.t(), term()) :: t()
  def reason(link, reason) do
    case cause(reason) do
      {:tls, text} ->
        final(
          link,
          "could not prove who it is (#{text}). Check the host's name in the option :base_url and this " <>
            "machine's clock; where a proxy inspects TLS, name its certificates in HEX_CACERTS_PATH"
        )

      :nxdomain ->
        later(
          link,
          "was not reached: its host's name is not known. Check the network and the option :base_url"
        )

      :econnrefused ->
        later(
          link,
          "was not reached: the connection was refused. Check the address, and any proxy in HTTP_PROXY or HTTPS_PROXY"
        )

      reason when reason in [:timeout, :etimedout, :connect_timeout] ->
        later(link, "did not answer in time. Check the network and any proxy, or try again later")

      :closed ->
        later(link, "closed the connection before the whole file was there. Try again later")

      :proxy ->
        later(
          link,
          "was not reached: the proxy did not open a way to it. Check HTTPS_PROXY and NO_PROXY"
        )

      posix when is_atom(posix) and posix != nil ->
        later(link, "was not reached (#{:inet.format_error(posix)}). Check the network")

      nil ->
        later(link, "gave no valid answer. See that a web server runs there, or try again later")
    end
  end

  # The same, after a part of the body has come.
  @spec broken(Link.t(), term(), non_neg_integer() | nil) :: t()
  def broken(link, reason, announced) do
    if announced != nil and cause(reason) == :closed,
      do: short(link, announced),
      else: reason(link, reason)
  end

  # One line for each mirror.
  @spec summary([t()], non_neg_integer()) :: String.t()
  def summary(failures, retries) do
    tries = if retries == 0, do: "", else: " (after #{retries + 1} tries)"

    case failures do
      [failure] ->
        failure.message <> tries

      several ->
        "no mirror gives the file#{tries}:" <> Enum.map_join(several, &"\n  * #{&1.message}")
    end
  end

  defp final(link, text), do: final("#{Link.show(link)} #{text}")
  defp later(link, text), do: %__MODULE__{message: "#{Link.show(link)} #{text}", retry?: true}

  defp cause({:failed_connect, details}) when is_list(details),
    do: Enum.find_value(details, &connect_cause/1)

  defp cause({:tls_alert, {_alert, text}}), do: {:tls, one_line(text)}

  defp cause(reason) when elem(reason, 0) == :options,
    do: {:tls, "it was not asked, as this OTP refuses the settings for TLS"}

  defp cause(reason)
       when reason in [:socket_closed_remotely, :server_closed, :closed, :econnreset, :epipe],
       do: :closed

  defp cause({:could_not_establish_ssl_tunnel, _details}), do: :proxy
  defp cause({:error, reason}), do: cause(reason)
  defp cause({:ssl_error, reason}), do: cause(reason)
  defp cause({:shutdown, reason}), do: cause(reason)
  defp cause(reason) when is_atom(reason), do: reason
  defp cause(_other), do: nil

  defp connect_cause({layer, _options, reason}) when layer in [:inet, :inet6, :tls],
    do: cause(reason)

  defp connect_cause(_other), do: nil

  defp one_line(text), do: text |> to_string() |> String.split() |> Enum.join(" ")
end
