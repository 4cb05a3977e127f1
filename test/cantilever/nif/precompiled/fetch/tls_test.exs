defmodule Cantilever.Nif.Precompiled.Fetch.TlsTest do
  use Cantilever.FetchCase, async: true

  describe "get/2 with TLS" do
    setup do
      {tls, cacerts} = ArtifactServer.certificate()
      %{tls: tls, cacerts: cacerts}
    end

    test "takes a server that proves who it is", %{tls: tls, cacerts: cacerts} do
      assert get(server({200, [], bytes()}, tls: tls).url, cacerts: cacerts) == {:ok, bytes()}
    end

    @tag :tmp_dir
    test "takes certificates from a file that the environment names", %{
      tls: tls,
      cacerts: cacerts,
      tmp_dir: dir
    } do
      file = Path.join(dir, "ca.pem")

      File.write!(
        file,
        :public_key.pem_encode(for der <- cacerts, do: {:Certificate, der, :not_encrypted})
      )

      %{url: url} = server({200, [], "a"}, tls: tls)
      assert get(url, env(%{"SSL_CERT_FILE" => file})) == {:ok, "a"}

      File.write!(file, "none")
      assert {:error, message} = get(url, env(%{"HEX_CACERTS_PATH" => file}))

      assert message =~
               "the environment variable HEX_CACERTS_PATH names #{file}, which is no file of certificates"
    end

    test "refuses a server that nobody vouches for, once", %{tls: tls} do
      assert {:error, message} = get(server({200, [], "a"}, tls: tls).url, max_retries: 3)
      assert message =~ ~r/could not prove who it is \(.*Unknown CA/i
      assert pauses() == [] and requests() == []
    end

    test "refuses a certificate for another name" do
      {tls, cacerts} = ArtifactServer.certificate("other.example")
      assert {:error, message} = get(server({200, [], "a"}, tls: tls).url, cacerts: cacerts)
      assert message =~ ~r/could not prove who it is .*Check the host's name/
      assert requests() == []
    end

    test "refuses a redirect that leaves TLS, and follows one that enters it", %{
      tls: tls,
      cacerts: cacerts
    } do
      plain = server({200, [], "a"})

      assert {:error, message} =
               get(server({302, [{"location", plain.url}], ""}, tls: tls).url, cacerts: cacerts)

      assert message =~ "redirects to #{plain.url}, which is not protected by TLS"
      assert length(requests()) == 1

      secure = server({200, [], "b"}, tls: tls)

      assert get(server({301, [{"location", secure.url}], ""}).url, cacerts: cacerts) ==
               {:ok, "b"}
    end

    test "says when a server breaks off in the middle", %{tls: tls, cacerts: cacerts} do
      head = ArtifactServer.head(200, [{"content-length", "1000"}])

      assert {:error, message} =
               get(server({:raw, [head, "abc"]}, tls: tls).url, cacerts: cacerts)

      assert message =~ "announced 1000 bytes and broke off"
    end
  end
end
