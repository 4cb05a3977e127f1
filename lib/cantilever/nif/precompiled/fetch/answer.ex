defmodule Cantilever.Nif.Precompiled.Fetch.Answer do
  @moduledoc false
  # Takes a server's answer from `:httpc`, part by part, and judges it: is this the whole file?

  alias Cantilever.Nif.Precompiled.Fetch.{Failure, Handler, Link}

  # A server that sends a byte now and then must not hold a build for ever.
  @whole_ms 1_800_000

  # Progress is told of at most this often, and at the end.
  @between_reports_ms 200

  # What `:httpc` may collect before it hands anything over, which is looked at this often.
  @most_collected 16 * 1024 * 1024
  @between_looks_ms 50

  @type result :: {:ok, binary()} | {:redirect, String.t()} | {:error, Failure.t()}

  @spec await(Handler.t(), Link.t(), map()) :: result()
  def await(handler, link, context),
    do: first(handler, link, context, now_ms() + context.idle_ms)

  defp first({_profile, id} = handler, link, context, deadline) do
    # Only the body of a 200 comes in parts.
    receive do
      {:http, {^id, :stream_start, headers, stream}} ->
        begin(%{handler: handler, stream: stream, link: link, headers: headers}, context)

      {:http, {^id, {{_version, code, _phrase}, headers, body}}} ->
        whole(code, headers, body, link, context)

      {:http, {^id, {:error, reason}}} ->
        {:error, Failure.reason(link, reason)}
    after
      until_look(deadline) ->
        cond do
          Handler.held(handler) > @most_collected -> {:error, Failure.bloated(link)}
          now_ms() >= deadline -> {:error, Failure.slow(link, context.idle_ms)}
          true -> first(handler, link, context, deadline)
        end
    end
  end

  # Removes what came after the end that was waited for.
  @spec flush(reference()) :: :ok
  def flush(id) do
    receive do
      {:http, message} when elem(message, 0) == id -> flush(id)
    after
      0 -> :ok
    end
  end

  defp whole(200, headers, body, link, context) do
    if byte_size(body) > context.max_bytes,
      do: {:error, Failure.too_large(link, context.max_bytes)},
      else: complete(body, headers, link)
  end

  defp whole(code, headers, _body, link, _context) when code in [301, 302, 303, 307, 308] do
    case header(headers, "location") do
      nil -> {:error, Failure.status(link, code)}
      location -> {:redirect, location}
    end
  end

  defp whole(code, _headers, _body, link, _context), do: {:error, Failure.status(link, code)}

  defp begin(answer, context) do
    announced = announced(answer.headers)

    cond do
      html?(answer.headers, "") ->
        {:error, Failure.html(answer.link)}

      announced != nil and announced > context.max_bytes ->
        {:error, Failure.too_large(answer.link, context.max_bytes)}

      true ->
        now = now_ms()
        parts(Map.merge(answer, %{deadline: now + @whole_ms, reported: now}), [], 0, context)
    end
  end

  defp parts(answer, parts, received, context) do
    :httpc.stream_next(answer.stream)
    part(answer, parts, received, context, now_ms() + context.idle_ms)
  end

  defp part(%{handler: {_profile, id}, link: link} = answer, parts, received, context, deadline) do
    receive do
      {:http, {^id, :stream, part}} ->
        received = received + byte_size(part)
        answer = report(answer, received, context)

        cond do
          received > context.max_bytes ->
            {:error, Failure.too_large(link, context.max_bytes)}

          now_ms() > answer.deadline ->
            {:error, Failure.endless(link, @whole_ms)}

          true ->
            parts(answer, [parts, part], received, context)
        end

      {:http, {^id, :stream_end, _trailers}} ->
        context.on_progress.({:bytes, received, announced(answer.headers)})
        complete(IO.iodata_to_binary(parts), answer.headers, link)

      {:http, {^id, {:error, reason}}} ->
        {:error, Failure.broken(link, reason, announced(answer.headers))}
    after
      until_look(deadline) ->
        cond do
          Handler.held(answer.handler) > collected(context.max_bytes) ->
            {:error, Failure.too_large(link, context.max_bytes)}

          now_ms() >= deadline ->
            {:error, Failure.slow(link, context.idle_ms)}

          true ->
            part(answer, parts, received, context, deadline)
        end
    end
  end

  # One chunk may be the whole file, and has twice the room that it needs while it grows.
  defp collected(max_bytes), do: 2 * max_bytes + @most_collected

  defp until_look(deadline), do: min(@between_looks_ms, max(deadline - now_ms(), 0))

  defp report(answer, received, context) do
    now = now_ms()

    if now - answer.reported < @between_reports_ms do
      answer
    else
      context.on_progress.({:bytes, received, announced(answer.headers)})
      %{answer | reported: now}
    end
  end

  defp now_ms, do: System.monotonic_time(:millisecond)

  # When the server closes the connection too early, `:httpc` takes what is there for the body.
  defp complete(body, headers, link) do
    announced = announced(headers)

    cond do
      announced != nil and byte_size(body) < announced ->
        {:error, Failure.short(link, announced)}

      html?(headers, body) ->
        {:error, Failure.html(link)}

      true ->
        {:ok, body}
    end
  end

  defp announced(headers) do
    with value when is_binary(value) <- header(headers, "content-length"),
         {length, ""} <- Integer.parse(value) do
      length
    else
      _other -> nil
    end
  end

  defp html?(headers, body) do
    type = header(headers, "content-type") || ""
    type =~ ~r{\Atext/html}i or body =~ ~r/\A\s*<(!doctype html|html)/i
  end

  defp header(headers, name) do
    Enum.find_value(headers, fn {key, value} ->
      String.downcase(to_string(key)) == name && to_string(value)
    end)
  end
end
