//! Work that cannot yield, on a dirty scheduler and on the pool, with what may keep it out of others' way.

#![forbid(unsafe_code)]

mod pause;
mod priority;

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

/// Gives each thread of the pool the lowest priority that ordinary threads can have; how many threads that were, or
/// why it cannot be done. A thread may not take it back, so the pool is to be replaced afterwards.
#[cantilever::nif(schedule = "DirtyCpu")]
fn lower_pool() -> Result<usize, String> {
    cantilever::parallel(|| {
        let lowered: Result<Vec<()>, String> = cantilever::rayon::broadcast(|_| priority::lower())
            .into_iter()
            .collect();
        lowered.map(|threads| threads.len())
    })
}
