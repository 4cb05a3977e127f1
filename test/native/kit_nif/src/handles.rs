//! Values that Elixir holds.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use cantilever::Handle;

struct Counter {
    value: AtomicI64,
}

struct Other;

static DROPPED_ON: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Drop for Counter {
    fn drop(&mut self) {
        let thread = std::thread::current();
        if let Ok(mut names) = DROPPED_ON.lock() {
            names.push(thread.name().unwrap_or("no name").to_owned());
        }
    }
}

#[cantilever::nif]
fn counter_new(value: i64) -> Handle<Counter> {
    Handle::new(Counter {
        value: AtomicI64::new(value),
    })
}

#[cantilever::nif]
fn counter_add(counter: Handle<Counter>, amount: i64) -> i64 {
    counter.value.fetch_add(amount, Ordering::SeqCst) + amount
}

#[cantilever::nif]
async fn counter_add_yielding(counter: Handle<Counter>, amount: u32) -> i64 {
    for _ in 0..amount {
        counter.value.fetch_add(1, Ordering::SeqCst);
        cantilever::checkpoint().await;
    }
    counter.value.load(Ordering::SeqCst)
}

#[cantilever::nif]
fn other_new() -> Handle<Other> {
    Handle::new(Other)
}

/// The names of the threads that counters were dropped on since the last call.
#[cantilever::nif]
fn take_dropped_on() -> Vec<String> {
    DROPPED_ON
        .lock()
        .map(|mut names| std::mem::take(&mut *names))
        .unwrap_or_default()
}
