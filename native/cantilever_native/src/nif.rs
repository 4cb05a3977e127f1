//! The glue: decode, call, encode.

mod intensive_calculation;
#[cfg(feature = "json")]
mod json_decode;

cantilever::init!("Elixir.Cantilever.Native");
