//! Work that cannot yield, on a dirty scheduler and on the pool, with what may keep it out of others' way.

#![forbid(unsafe_code)]

mod pause;

use cantilever::BigInt;
use responsiveness_jobs::arithmetic::{parallel, parallel_between, sum_of_squares};

cantilever::init!("Elixir.Cantilever.Bench.Tail.Calls");

#[cantilever::nif(schedule = "DirtyCpu")]
fn dirty(n: u64) -> BigInt {
    sum_of_squares(n).into()
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn on_pool(n: u64) -> BigInt {
    cantilever::parallel(|| parallel(n)).into()
}

/// The same, but between pieces of some 16 µs a thread waits while `pause(true)` holds.
#[cantilever::nif(schedule = "DirtyCpu")]
fn on_pausing_pool(n: u64) -> BigInt {
    cantilever::parallel(|| parallel_between(n, pause::wait)).into()
}

#[cantilever::nif]
fn pause(wanted: bool) -> bool {
    pause::set(wanted);
    wanted
}
