defmodule Cantilever.Nif.Precompiled.Fetch.Tls do
  @moduledoc false
  # How a server has to prove who it is: by a certificate for its name that leads to one of the system's.

  # Where users of Hex and OpenSSL name the certificates of a company's proxy.
  @variables ["HEX_CACERTS_PATH", "SSL_CERT_FILE"]

  @spec options(String.t(), [binary()] | nil, (String.t() -> String.t() | nil)) ::
          {:ok, keyword()} | {:error, String.t()}
  def options(host, cacerts, env) do
    with {:ok, cacerts} <- trusted(cacerts, env) do
      {:ok,
       [
         verify: :verify_peer,
         cacerts: cacerts,
         depth: 10,
         log_level: :none,
         versions: [:"tlsv1.3", :"tlsv1.2"],
         customize_hostname_check: [
           match_fun: :public_key.pkix_verify_hostname_match_fun(:https)
         ]
       ] ++ server_name(host)}
    end
  end

  # Behind a proxy, OTP does not know whom it talks to. An address is no name of a server (RFC 6066).
  defp server_name(host) do
    case :inet.parse_address(String.to_charlist(host)) do
      {:ok, _address} -> []
      {:error, _reason} -> [server_name_indication: String.to_charlist(host)]
    end
  end

  defp trusted(nil, env) do
    case Enum.find_value(@variables, &named(&1, env.(&1))) do
      nil -> system()
      {variable, path} -> from_file(variable, path)
    end
  end

  defp trusted(cacerts, _env), do: {:ok, cacerts}

  defp named(_variable, value) when value in [nil, ""], do: nil
  defp named(variable, path), do: {variable, path}

  defp system do
    {:ok, :public_key.cacerts_get()}
  rescue
    _error ->
      {:error,
       "this system has no certificates to check servers with. Install them (on Debian and Alpine the package " <>
         "ca-certificates), or name a file of them in SSL_CERT_FILE"}
  end

  defp from_file(variable, path) do
    with {:ok, pem} <- File.read(path),
         [_ | _] = entries <- :public_key.pem_decode(pem) do
      {:ok, for({:Certificate, der, :not_encrypted} <- entries, do: der)}
    else
      _other ->
        {:error,
         "the environment variable #{variable} names #{path}, which is no file of certificates in PEM that can be read. " <>
           "Correct it, or unset it to use the system's"}
    end
  end
end
