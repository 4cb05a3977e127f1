//! The native half of MyApp: plain Rust modules, and `nif`, the only one that knows the BEAM.

#![forbid(unsafe_code)]
// The functions that the BEAM calls are out of sight of `cargo test`, which has no BEAM to link with.
#![cfg_attr(test, allow(dead_code))]

mod fractal;
mod hold;
mod intensive_calculation;
#[cfg(not(test))]
mod nif;
mod thumbnail;

/// The caller has gone, so nobody waits for the rest of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled: the calling process has ended")]
pub(crate) struct Cancelled;
