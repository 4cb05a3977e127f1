defmodule Cantilever.Native.EveryCheckpoint do
  @moduledoc false
  # The kit's own native functions, with slices that each checkpoint ends.

  use Cantilever.Nif,
    otp_app: :cantilever,
    crate: "cantilever_native",
    features: ["every_checkpoint"],
    load_data: [cantilever: [slice_us: 0]]

  use Cantilever.NativeStubs,
    intensive_calculation: 1,
    take_slice_stats: 0,
    json_decode_short: 2,
    json_decode_long: 3,
    json_decoder_new: 2,
    json_decoder_feed: 4,
    json_checker_new: 1,
    json_checker_feed: 3,
    json_encode: 4,
    json_encode_go_on: 3,
    sqlite_open: 2,
    sqlite_lend: 1,
    sqlite_query: 5,
    sqlite_query_many: 5,
    sqlite_transact: 4,
    sqlite_cursor_open: 4,
    sqlite_cursor_next: 3,
    sqlite_cursor_close: 1,
    sqlite_backup: 4,
    sqlite_version: 0,
    sqlite_reset: 1,
    sqlite_close: 1,
    websocket_new: 2,
    websocket_read: 2
end
