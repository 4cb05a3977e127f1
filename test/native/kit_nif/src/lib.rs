//! What the kit's own tests call: well-behaved functions of every mode, and hostile ones.

#![forbid(unsafe_code)]
#![cfg(not(test))]

mod admitting;
mod building;
mod cancelling;
mod continuing;
mod handles;
mod holding;
mod killing;
mod loading;
mod logging;
mod panicking;
mod parking;
mod returning;
#[cfg(not(feature = "every_checkpoint"))]
mod rustler_resources;
mod subprocess;
mod taking;
mod taking_dirty;
mod thread_locals;
mod yielding;

#[cfg(not(feature = "every_checkpoint"))]
cantilever::init!("Elixir.Cantilever.KitNif", load = loading::load);

#[cfg(feature = "every_checkpoint")]
cantilever::init!(
    "Elixir.Cantilever.KitNif.EveryCheckpoint",
    load = loading::load
);
