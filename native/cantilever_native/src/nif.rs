//! The glue: decode, call, encode.

mod intensive_calculation;

cantilever::init!("Elixir.Cantilever.Native");
