//! An integer in, an integer out: what is left is the cost of the call.

#![forbid(unsafe_code)]

#[cfg(not(feature = "reschedule"))]
mod calls;
#[cfg(feature = "reschedule")]
mod reschedule;

#[cfg(not(feature = "reschedule"))]
cantilever::init!("Elixir.Cantilever.Bench.Overhead");
#[cfg(feature = "reschedule")]
cantilever::init!("Elixir.Cantilever.Bench.Overhead.Reschedule");
