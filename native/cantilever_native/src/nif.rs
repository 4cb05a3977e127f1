//! The glue: decode, call, encode.

mod intensive_calculation;
mod json_encode;

cantilever::init!("Elixir.Cantilever.Native");
