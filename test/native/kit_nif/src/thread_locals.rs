//! What Rust's own library keeps for each thread, and for the whole library.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

use cantilever::rayon::prelude::*;

static DESTROYED: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static CALLS: Calls = const { Calls(Cell::new(0)) };
}

/// How many calls this thread has made. It has something to drop when the thread ends.
struct Calls(Cell<u64>);

impl Drop for Calls {
    fn drop(&mut self) {
        DESTROYED.fetch_add(1, Ordering::Relaxed);
    }
}

fn count() -> u64 {
    CALLS.with(|calls| {
        calls.0.set(calls.0.get() + 1);
        calls.0.get()
    })
}

#[cantilever::nif]
fn thread_local_calls() -> u64 {
    count()
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn thread_local_calls_dirty() -> u64 {
    count()
}

#[cantilever::nif]
async fn thread_local_calls_yielding() -> u64 {
    cantilever::checkpoint().await;
    count()
}

/// The sum of 0..10 from the threads of the pool, each of which counts.
#[cantilever::nif(schedule = "DirtyCpu")]
fn thread_local_calls_parallel() -> u64 {
    cantilever::parallel(|| {
        let number = |number| if count() > 0 { number } else { 0 };
        (0..10_u64).into_par_iter().map(number).sum()
    })
}

/// How many threads have dropped their count.
#[cantilever::nif]
fn thread_locals_destroyed() -> u32 {
    DESTROYED.load(Ordering::Relaxed)
}

/// Rust's standard output is one of the library's own, though the file is the node's.
#[cantilever::nif(schedule = "DirtyIo")]
fn print_line() -> bool {
    println!("a line of Rust's");
    true
}
