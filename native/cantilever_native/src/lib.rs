//! The native functions of the kit itself: plain Rust here, their glue to the VM in `nif`.

#![forbid(unsafe_code)]

pub mod intensive_calculation;
#[cfg(feature = "json")]
pub mod json;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "websocket")]
pub mod websocket;

// A test binary has no VM to link to.
#[cfg(all(feature = "nif", not(test)))]
mod nif;
