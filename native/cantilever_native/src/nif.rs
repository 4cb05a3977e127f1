//! The glue: decode, call, encode.

mod intensive_calculation;
#[cfg(feature = "json")]
mod json_check;
#[cfg(feature = "json")]
mod json_decode;
#[cfg(feature = "json")]
mod json_encode;
#[cfg(any(feature = "json", feature = "websocket"))]
mod slot;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "websocket")]
mod websocket;

#[cfg(not(feature = "every_checkpoint"))]
cantilever::init!("Elixir.Cantilever.Native");

#[cfg(feature = "every_checkpoint")]
cantilever::init!("Elixir.Cantilever.Native.EveryCheckpoint");
