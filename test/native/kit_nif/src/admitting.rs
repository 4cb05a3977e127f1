//! Dirty calls that hold their schedulers until they are let go, and count who does.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cantilever::{CancelToken, Handle};

#[derive(Default)]
struct Door {
    open: AtomicBool,
    running: AtomicUsize,
    most: AtomicUsize,
    order: Mutex<Vec<i64>>,
}

impl Door {
    fn enter(&self, number: i64, cancel: &CancelToken) -> i64 {
        let running = 1 + self.running.fetch_add(1, Ordering::SeqCst);
        self.most.fetch_max(running, Ordering::SeqCst);
        self.order().push(number);
        while !self.open.load(Ordering::SeqCst) && !cancel.is_cancelled() {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
        number
    }

    fn order(&self) -> std::sync::MutexGuard<'_, Vec<i64>> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cantilever::nif]
fn door_new() -> Handle<Door> {
    Handle::new(Door::default())
}

#[cantilever::nif]
fn door_open(door: Handle<Door>) {
    door.open.store(true, Ordering::SeqCst);
}

/// How many calls hold a dirty scheduler.
#[cantilever::nif]
fn door_running(door: Handle<Door>) -> usize {
    door.running.load(Ordering::SeqCst)
}

/// How many have done so at once.
#[cantilever::nif]
fn door_most(door: Handle<Door>) -> usize {
    door.most.load(Ordering::SeqCst)
}

/// The numbers of the calls, in the order in which they began to run.
#[cantilever::nif]
fn door_order(door: Handle<Door>) -> Vec<i64> {
    door.order().clone()
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn enter_dirty_cpu(door: Handle<Door>, number: i64, cancel: CancelToken) -> i64 {
    door.enter(number, &cancel)
}

#[cantilever::nif(schedule = "DirtyIo")]
fn enter_dirty_io(door: Handle<Door>, number: i64, cancel: CancelToken) -> i64 {
    door.enter(number, &cancel)
}

#[cantilever::nif(schedule = "DirtyIo", limit = 1)]
fn enter_one_by_one(door: Handle<Door>, number: i64, cancel: CancelToken) -> i64 {
    door.enter(number, &cancel)
}
