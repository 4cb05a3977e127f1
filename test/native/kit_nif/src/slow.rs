//! Holds its scheduler.

use std::time::{Duration, Instant};

fn spin(ms: u64) -> u64 {
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(ms) {
        std::hint::spin_loop();
    }
    ms
}

#[cantilever::nif]
fn hold(ms: u64) -> u64 {
    spin(ms)
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn hold_dirty(ms: u64) -> u64 {
    spin(ms)
}

/// Forgets its checkpoints in its second slice.
#[cantilever::nif]
async fn hold_slice(ms: u64) -> u64 {
    for _ in 0..1_000_000 {
        cantilever::checkpoint().await;
    }
    spin(ms)
}

/// Takes as long in all, but gives its scheduler back in time.
#[cantilever::nif]
async fn hold_many_slices(ms: u64, step_us: u64) -> u64 {
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(ms) {
        let step = Instant::now();
        while step.elapsed() < Duration::from_micros(step_us) {
            std::hint::spin_loop();
        }
        cantilever::checkpoint().await;
    }
    ms
}
