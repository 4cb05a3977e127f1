defmodule Cantilever.Native do
  @moduledoc """
  The kit's own native functions.

      iex> Cantilever.Native.intensive_calculation(5)
      30

  Each says how it runs and why. All of them raise an `ArgumentError` that names the argument when given a
  term of another type, and stop when their caller dies.

  ## What is built

  Where cargo is not in the PATH when the kit is compiled, and with `config :cantilever, native: false`, this module is
  compiled without its library, and its functions raise a `RuntimeError` that says so. All else works: a project that has
  precompiled libraries of its own needs no Rust.

  A project that wants only some of the library turns the rest of it off:

      config :cantilever, native: [json: false]

  Then neither these parts nor the crates that they need are built, and the functions that need them raise a `RuntimeError`
  that names the part. The parts are

    * `:json` - `Cantilever.JSON`
    * `:sqlite` - `Cantilever.DatabaseWorker`
    * `:websocket` - `Cantilever.WebSocket`

  With `true` and `false` the configuration says whether there is a library, whatever is in the PATH. After a change, and
  once cargo is there, `mix deps.compile cantilever --force` compiles the kit again.
  """

  require Cantilever.Native.Parts

  alias Cantilever.Native.Parts

  # nil: as it can be.
  @wanted Application.compile_env(:cantilever, :native)
  @parts Parts.wanted!(@wanted)
  @present Parts.library?(@wanted, System.find_executable("cargo") != nil)

  if @present do
    use Cantilever.Nif,
        [otp_app: :cantilever, crate: "cantilever_native"] ++ Parts.features(@parts)
  else
    # What is misspelt is refused also where there is no library.
    _ = @parts

    @doc false
    @spec __mix_recompile__?() :: boolean()
    def __mix_recompile__?,
      do: Parts.library?(@wanted, System.find_executable("cargo") != nil)
  end

  @doc """
  Returns Σ i² for 0 ≤ i < `input`, by adding up all the squares.

  The result is exact at any size. The function stands for any long computation, in examples and benches. Yielding, as its own loop can be cut anywhere.
  It takes about 0.3 ns for each number, so the largest `input`, 2⁶⁴ - 1, would keep it busy for centuries.

      iex> Cantilever.Native.intensive_calculation(3_024_618)
      9_223_380_536_828_333_485

  Raises `ArgumentError` unless `input` is an integer from 0 to 2⁶⁴ - 1.
  """
  @spec intensive_calculation(non_neg_integer()) :: non_neg_integer()
  def intensive_calculation(_input), do: :erlang.nif_error(Parts.absent())

  # Reads a JSON document, as `Cantilever.JSON` does. Normal, as it is given up to 8 KiB: about 100 µs at worst.
  @doc false
  @spec json_decode_short(binary(), nil | tuple()) :: json_term() | json_failure()
  def json_decode_short(_input, _options), do: Parts.stub(:json)

  # The same for a document of any size, which is sent to the caller as `{tag, term}`. Yielding, as its own loop can be
  # cut after every token, and long tokens anywhere; what the VM cannot cut, a map of more than 1,024 keys and an integer of
  # more than 2,000 digits, is made on a dirty CPU scheduler.
  @doc false
  @spec json_decode_long(binary(), nil | tuple(), reference()) :: :sent | json_failure()
  def json_decode_long(_input, _options, _tag), do: Parts.stub(:json)

  # A decoder for a document in chunks: of all of it, or of the elements of its array. Normal: makes a handle.
  @doc false
  @spec json_decoder_new(nil | tuple(), boolean()) :: reference()
  def json_decoder_new(_options, _elements?), do: Parts.stub(:json)

  # Feeds it a chunk. What is complete, the document or a list of elements, is sent as `{tag, term}`, also if the document is wrong
  # after them. Yielding, as above.
  @doc false
  @spec json_decoder_feed(reference(), binary(), boolean(), reference()) ::
          :sent | {:sent, json_failure()} | :more | {:error, :unavailable} | json_failure()
  def json_decoder_feed(_decoder, _chunk, _last?, _tag), do: Parts.stub(:json)

  # A checker for a document in chunks, which builds nothing of it. Normal: makes a handle.
  @doc false
  @spec json_checker_new(pos_integer()) :: reference()
  def json_checker_new(_max_depth), do: Parts.stub(:json)

  # Feeds it a chunk. Yielding, as above.
  @doc false
  @spec json_checker_feed(reference(), binary(), boolean()) ::
          :ok | :more | {:error, :unavailable} | json_failure()
  def json_checker_feed(_checker, _chunk, _last?), do: Parts.stub(:json)

  @typep json_term :: map() | list() | binary() | number() | boolean() | nil
  @typep json_failure ::
           {:error, reason :: atom(), message :: binary(), offset :: non_neg_integer(),
            before :: binary(), rest :: binary()}

  # Writes a term as JSON, as `Cantilever.JSON.Encoding` asks. Yielding, as terms are of any size. The flags are those of
  # `Cantilever.JSON.EncodeOptions`; `pretty` is `{indent, line_separator, after_colon}` or nil.
  #
  # Returns the binary, or with the flag for iodata a list of binaries; `{:error, reason, byte, term, path}`; or, where it
  # cannot go on by itself, `{:ask, what, about, paused, kept}`, which `json_encode_go_on/3` goes on from, once, with the
  # answer: for `:value` a term to write in the place of the struct `about`; for `:key` the text of the key `about`; for
  # `:pairs`, where `about` is a map, or what the answer before has given for the rest of it, `{[key, value, …], rest}`,
  # where `rest` is nil after the last ones.
  @doc false
  @spec json_encode(
          term(),
          non_neg_integer(),
          pos_integer(),
          nil | {String.t(), String.t(), String.t()}
        ) ::
          json_encoded()
  def json_encode(_term, _flags, _max_depth, _pretty), do: Parts.stub(:json)

  # Goes on with an encoding. Yielding, as that. `{:error, reason}` if it has gone on already.
  @doc false
  @spec json_encode_go_on(reference(), term(), term()) :: json_encoded() | {:error, String.t()}
  def json_encode_go_on(_paused, _kept, _answer), do: Parts.stub(:json)

  @typep json_encoded ::
           binary()
           | [binary()]
           | {:error, atom(), nil | non_neg_integer(), term(), [term()]}
           | {:ask, :value | :key | :pairs, term(), reference(), term()}

  # Opens a connection to an SQLite database: `{path, role, durable?, statements, progress_steps, max_bytes}`, where the role is
  # `:writer`, `:reader` or `:memory`. The clock is `{asked_at, left}` in µs: the system's time of the call, and what it had left
  # then, or nil. DirtyIo, as all that follow and wait for a file; those that run statements look at the clock and at their caller.
  @doc false
  @spec sqlite_open(tuple(), sqlite_clock()) :: {:ok, reference()} | sqlite_failure()
  def sqlite_open(_request, _clock), do: Parts.stub(:sqlite)

  # Begins the next lease of a connection, with which alone it can be used from here on. Normal: two words under a lock that nobody
  # holds for longer.
  @doc false
  @spec sqlite_lend(reference()) :: {:ok, pos_integer()} | sqlite_failure()
  def sqlite_lend(_connection), do: Parts.stub(:sqlite)

  # Runs a statement once: `{sql, within, max_result}`, where within is `:read`, `:itself` or `:transaction`. DirtyIo.
  @doc false
  @spec sqlite_query(
          reference(),
          pos_integer(),
          sqlite_request(),
          list(),
          sqlite_clock()
        ) ::
          {:ok, {[String.t()], [list()], non_neg_integer(), integer()}} | sqlite_failure()
  def sqlite_query(_connection, _lease, _request, _params, _clock), do: Parts.stub(:sqlite)

  # Runs a statement once for each of the bindings, all of them or none, in a transaction of its own unless there is one. DirtyIo.
  @doc false
  @spec sqlite_query_many(
          reference(),
          pos_integer(),
          sqlite_request(),
          [list()],
          sqlite_clock()
        ) ::
          {:ok, {[String.t()], [{[list()], non_neg_integer(), integer()}]}} | sqlite_failure()
  def sqlite_query_many(_connection, _lease, _request, _bindings, _clock),
    do: Parts.stub(:sqlite)

  # Begins a transaction, or ends it. DirtyIo.
  @doc false
  @spec sqlite_transact(
          reference(),
          pos_integer(),
          :begin | :commit | :roll_back,
          sqlite_clock()
        ) :: {:ok, :ok} | sqlite_failure()
  def sqlite_transact(_connection, _lease, _step, _clock), do: Parts.stub(:sqlite)

  # Begins to read the rows of a query a chunk at a time, on a thread that has the connection as long as that takes. DirtyIo, as the
  # thread has to be started.
  @doc false
  @spec sqlite_cursor_open(reference(), pos_integer(), sqlite_request(), list()) ::
          {:ok, reference()} | sqlite_failure()
  def sqlite_cursor_open(_connection, _lease, _request, _params), do: Parts.stub(:sqlite)

  # The next rows, at most so many. Yielding: the thread reads them, and the caller is suspended meanwhile.
  @doc false
  @spec sqlite_cursor_next(reference(), pos_integer(), sqlite_clock()) ::
          {:ok, {:more | :last, [list()]}} | sqlite_failure()
  def sqlite_cursor_next(_cursor, _rows, _clock), do: Parts.stub(:sqlite)

  # Has the thread give the connection back, after the chunk that it is reading. Normal: a word to the thread.
  @doc false
  @spec sqlite_cursor_close(reference()) :: :ok
  def sqlite_cursor_close(_cursor), do: Parts.stub(:sqlite)

  # Writes a copy of the database into a file that is not there yet. DirtyIo.
  @doc false
  @spec sqlite_backup(reference(), pos_integer(), String.t(), sqlite_clock()) ::
          {:ok, :ok} | sqlite_failure()
  def sqlite_backup(_connection, _lease, _path, _clock), do: Parts.stub(:sqlite)

  # The version of SQLite. Normal: it is known.
  @doc false
  @spec sqlite_version() :: String.t()
  def sqlite_version, do: Parts.stub(:sqlite)

  # Rolls back what a holder has left open. DirtyIo.
  @doc false
  @spec sqlite_reset(reference()) :: {:ok, :ok} | sqlite_failure()
  def sqlite_reset(_connection), do: Parts.stub(:sqlite)

  # Closes a connection, as soon as the call that has it is over. DirtyIo.
  @doc false
  @spec sqlite_close(reference()) :: :ok
  def sqlite_close(_connection), do: Parts.stub(:sqlite)

  @typep sqlite_clock :: {asked_at :: integer(), left :: nil | non_neg_integer()}
  @typep sqlite_request ::
           {String.t(), :read | :itself | :transaction, max_result :: pos_integer()}
  @typep sqlite_failure ::
           {:error, :in_use | :closed | :stale | {reason :: atom(), nil | integer(), String.t()}}

  # Reads what the client of a WebSocket sends. Normal: makes a handle.
  @doc false
  @spec websocket_new(pos_integer(), pos_integer()) :: reference()
  def websocket_new(_max_frame_bytes, _max_message_bytes), do: Parts.stub(:websocket)

  # Reads what has come, and returns the events in it, of which the last is the first. Yielding, as it can be cut after any frame
  # and anywhere in its payload: what is short ends in the first slice, as a Normal call would.
  @doc false
  @spec websocket_read(reference(), binary()) ::
          {:ok, [Cantilever.WebSocket.event()]}
          | {:error, [Cantilever.WebSocket.event()], Cantilever.WebSocket.fault()}
          | {:error, :unavailable}
  def websocket_read(_reader, _input), do: Parts.stub(:websocket)

  # How many slices were measured since the last call, and the longest of them in ns. Normal: two reads.
  @doc false
  @spec take_slice_stats() :: {non_neg_integer(), non_neg_integer()}
  def take_slice_stats, do: :erlang.nif_error(Parts.absent())
end
