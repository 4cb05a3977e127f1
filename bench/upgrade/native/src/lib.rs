//! Short calls and long ones, of a library that is upgraded meanwhile.

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cantilever::rayon::prelude::*;
use cantilever::{CancelToken, Cancelled, Handle};

cantilever::init!("Elixir.Cantilever.Bench.Upgrade.Calls");

const VERSION: u64 = if cfg!(feature = "second") { 2 } else { 1 };

thread_local! {
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What both versions count in.
#[cantilever::resource(layout = 1)]
struct Counter(AtomicU64);

#[cantilever::nif]
fn version() -> u64 {
    VERSION
}

#[cantilever::nif]
fn counter_new() -> Handle<Counter> {
    Handle::new(Counter(AtomicU64::new(0)))
}

#[cantilever::nif]
fn counter_next(counter: Handle<Counter>) -> u64 {
    counter.0.fetch_add(1, Ordering::Relaxed) + 1
}

/// Keeps something in thread-local storage, which has a destructor; its length.
#[cantilever::nif]
fn note(text: String) -> usize {
    TEXT.with_borrow_mut(|kept| {
        kept.clear();
        kept.push_str(&text);
        kept.len()
    })
}

/// Computes for so long, yielding; the version.
#[cantilever::nif]
async fn yield_for(ms: u64) -> u64 {
    let end = Instant::now() + Duration::from_millis(ms);
    while Instant::now() < end {
        cantilever::checkpoint().await;
    }
    VERSION
}

/// Keeps a dirty scheduler for so long, without computing; the version.
#[cantilever::nif(schedule = "DirtyIo")]
fn wait_for(ms: u64, cancel: CancelToken) -> Result<u64, Cancelled> {
    let end = Instant::now() + Duration::from_millis(ms);
    while Instant::now() < end {
        cancel.check()?;
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(VERSION)
}

/// The sum of the squares below `n`, on the kit's pool.
#[cantilever::nif(schedule = "DirtyCpu")]
fn sum_parallel(n: u64) -> u64 {
    cantilever::parallel(|| (0..n).into_par_iter().map(|i| i * i).sum())
}
