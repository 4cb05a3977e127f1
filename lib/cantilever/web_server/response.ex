defmodule Cantilever.WebServer.Response do
  @moduledoc false
  # The head of an answer.

  @reasons %{
    101 => "Switching Protocols",
    200 => "OK",
    304 => "Not Modified",
    400 => "Bad Request",
    403 => "Forbidden",
    404 => "Not Found",
    405 => "Method Not Allowed",
    408 => "Request Timeout",
    413 => "Content Too Large",
    414 => "URI Too Long",
    421 => "Misdirected Request",
    426 => "Upgrade Required",
    429 => "Too Many Requests",
    431 => "Request Header Fields Too Large",
    500 => "Internal Server Error",
    503 => "Service Unavailable",
    505 => "HTTP Version Not Supported"
  }

  # Nothing of a page may come from elsewhere, and nobody may put it into a frame.
  @security [
    {"x-content-type-options", "nosniff"},
    {"referrer-policy", "same-origin"},
    {"content-security-policy",
     "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"},
    {"cross-origin-opener-policy", "same-origin"}
  ]

  @type headers :: [{String.t(), iodata}]

  @spec head(100..599, headers, non_neg_integer | nil, close? :: boolean) :: iodata
  def head(status, headers, size, close?) do
    length = if size, do: [{"content-length", Integer.to_string(size)}], else: []
    connection = if close?, do: [{"connection", "close"}], else: []

    [
      "HTTP/1.1 #{status} #{reason(status)}\r\ndate: ",
      date(:calendar.universal_time()),
      "\r\n",
      Enum.map(headers ++ length ++ connection ++ @security, &line/1),
      "\r\n"
    ]
  end

  @doc "The head of the answer to a WebSocket's handshake."
  @spec switching(String.t(), subprotocol :: String.t() | nil) :: iodata
  def switching(accept, subprotocol) do
    [
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ",
      accept,
      if(subprotocol, do: ["\r\nsec-websocket-protocol: ", subprotocol], else: ""),
      "\r\n\r\n"
    ]
  end

  @doc "The last answer of a connection: that a request is not taken."
  @spec refusal(400..599) :: iodata
  def refusal(status) do
    text = text(status)
    headers = [{"content-type", "text/plain; charset=utf-8"} | more_headers(status)]
    [head(status, headers, byte_size(text), true), text]
  end

  defp more_headers(426), do: [{"sec-websocket-version", "13"}, {"upgrade", "websocket"}]
  defp more_headers(405), do: [{"allow", "GET, HEAD"}]
  defp more_headers(_status), do: []

  @spec text(100..599) :: String.t()
  def text(status), do: "#{status} #{reason(status)}\n"

  defp reason(status), do: Map.get(@reasons, status, "Status")

  @days {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
  @months {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

  # As HTTP writes it.
  defp date({{year, month, day} = date, {hour, minute, second}}) do
    weekday = elem(@days, :calendar.day_of_the_week(date) - 1)

    "#{weekday}, #{two(day)} #{elem(@months, month - 1)} #{year} #{two(hour)}:#{two(minute)}:#{two(second)} GMT"
  end

  defp two(number) when number < 10, do: "0#{number}"
  defp two(number), do: Integer.to_string(number)

  # What routes give may be anything.
  defp line({name, value}) do
    value = value |> IO.iodata_to_binary() |> String.replace(["\r", "\n"], " ")
    [String.replace(name, ["\r", "\n", ":"], ""), ": ", value, "\r\n"]
  end
end
