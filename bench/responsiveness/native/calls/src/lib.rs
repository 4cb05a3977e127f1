//! The jobs in every way of running them on the BEAM: what differs between them is the way alone.

#![forbid(unsafe_code)]

mod arithmetic;
mod bytes;
mod records;
mod spawned;
mod thumbnail;

cantilever::init!("Elixir.Cantilever.Bench.Responsiveness.Calls");
