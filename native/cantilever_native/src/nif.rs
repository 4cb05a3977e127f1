//! The glue: decode, call, encode.

mod intensive_calculation;
mod json_encode;

#[cfg(not(feature = "every_checkpoint"))]
cantilever::init!("Elixir.Cantilever.Native");

#[cfg(feature = "every_checkpoint")]
cantilever::init!("Elixir.Cantilever.Native.EveryCheckpoint");
