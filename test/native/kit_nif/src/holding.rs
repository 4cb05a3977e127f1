//! Functions that hold a scheduler, and some that do not, for what measures it.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

static CALLS: AtomicU64 = AtomicU64::new(0);

fn busy_until(end: Instant) {
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

fn busy_for_ms(ms: u64) -> u64 {
    busy_until(Instant::now() + Duration::from_millis(ms));
    ms
}

/// Holds its scheduler in every call.
#[cantilever::nif]
fn hold_ms(ms: u64) -> u64 {
    busy_for_ms(ms)
}

/// Holds its scheduler in every `n`-th call, counted over all callers.
#[cantilever::nif]
fn hold_sometimes(n: u64, ms: u64) -> bool {
    let holds = CALLS
        .fetch_add(1, Ordering::Relaxed)
        .is_multiple_of(n.max(1));
    if holds {
        busy_for_ms(ms);
    }
    holds
}

/// Holds its dirty scheduler.
#[cantilever::nif(schedule = "DirtyCpu")]
fn hold_dirty_ms(ms: u64) -> u64 {
    busy_for_ms(ms)
}

/// Could yield, but its loop has no checkpoint.
#[cantilever::nif]
async fn yield_forgetting(ms: u64) -> u64 {
    cantilever::checkpoint().await;
    busy_for_ms(ms)
}

/// Forgets its checkpoints only after many slices.
#[cantilever::nif]
async fn yield_then_forget(ms: u64) -> u64 {
    for _ in 0..1_000_000 {
        cantilever::checkpoint().await;
    }
    busy_for_ms(ms)
}

/// Works for a while, with a checkpoint about every microsecond.
#[cantilever::nif]
async fn yield_for_ms(ms: u64) -> u64 {
    let end = Instant::now() + Duration::from_millis(ms);
    let mut sum = 0_u64;
    while Instant::now() < end {
        sum = (0..1_000_u64).fold(sum, |sum, i| sum.wrapping_add(black_box(i)));
        cantilever::checkpoint().await;
    }
    black_box(sum);
    ms
}

/// Keeps a dirty scheduler busy, as plain Rustler has it: it knows of no caller and no limit.
#[rustler::nif(schedule = "DirtyCpu")]
fn rustler_dirty_for_ms(ms: u64) -> u64 {
    busy_for_ms(ms)
}
