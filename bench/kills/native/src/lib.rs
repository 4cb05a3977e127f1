//! Work that goes on until its caller is killed, in every mode, and the same as plain rustler has it: for as long as it was
//! told to.

#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use cantilever::rayon::prelude::*;
use cantilever::{CancelToken, Cancelled};

cantilever::init!("Elixir.Cantilever.Bench.Kills");

static RUNNING: AtomicI64 = AtomicI64::new(0);

/// Counts a piece of work for as long as it lives.
struct Running;

impl Running {
    fn new() -> Self {
        RUNNING.fetch_add(1, Ordering::SeqCst);
        Running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// How many of the functions below are at work.
#[cantilever::nif]
fn running() -> i64 {
    RUNNING.load(Ordering::SeqCst)
}

/// What shows that a dirty scheduler is free.
#[rustler::nif(schedule = "DirtyCpu")]
fn probe_dirty_cpu() -> bool {
    true
}

#[rustler::nif(schedule = "DirtyIo")]
fn probe_dirty_io() -> bool {
    true
}

/// Some 100 ns of work, as there is between the checks of real code.
fn piece(seed: u64) -> u64 {
    (0..64).fold(seed, |sum, i| sum.wrapping_mul(31).wrapping_add(i))
}

fn work(cancel: &CancelToken) -> Result<u64, Cancelled> {
    let _running = Running::new();
    let mut sum = 0;
    loop {
        cancel.check()?;
        sum = std::hint::black_box(piece(sum));
    }
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn kit_dirty_cpu(cancel: CancelToken) -> Result<u64, Cancelled> {
    work(&cancel)
}

#[cantilever::nif(schedule = "DirtyIo")]
fn kit_dirty_io(cancel: CancelToken) -> Result<u64, Cancelled> {
    work(&cancel)
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn kit_parallel(cancel: CancelToken) -> Result<(), Cancelled> {
    let _running = Running::new();
    cantilever::parallel(|| {
        (0..u64::MAX).into_par_iter().try_for_each(|i| {
            std::hint::black_box(piece(i));
            cancel.check()
        })
    })
}

#[cantilever::nif]
async fn kit_yielding() -> u64 {
    let _running = Running::new();
    let mut sum = 0;
    loop {
        sum = std::hint::black_box(piece(sum));
        cantilever::checkpoint().await;
    }
}

#[cantilever::nif]
async fn kit_parked() -> u64 {
    let _running = Running::new();
    std::future::pending().await
}

/// What plain rustler offers: nothing tells it that its caller is gone.
#[rustler::nif(schedule = "DirtyCpu")]
fn rustler_dirty_cpu(ms: u64) -> u64 {
    let _running = Running::new();
    let end = Instant::now() + Duration::from_millis(ms);
    let mut sum = 0;
    while Instant::now() < end {
        sum = std::hint::black_box(piece(sum));
    }
    sum
}
