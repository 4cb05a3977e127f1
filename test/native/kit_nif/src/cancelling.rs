//! Work that goes on until its caller dies, and what tells that it has stopped.

use std::sync::atomic::{AtomicI64, Ordering};

use cantilever::rayon::prelude::*;
use cantilever::{CancelToken, Cancelled, Env, LocalPid};

static RUNNING: AtomicI64 = AtomicI64::new(0);

/// Counts a piece of work for as long as it lives.
struct Counted;

impl Counted {
    fn new() -> Self {
        RUNNING.fetch_add(1, Ordering::SeqCst);
        Counted
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// How many of the functions below are at work.
#[cantilever::nif]
fn running() -> i64 {
    RUNNING.load(Ordering::SeqCst)
}

fn tell(env: Env<'_>, pid: &LocalPid) {
    let started = cantilever::Atom::from_str(env, "started");
    let _ = started.map(|started| env.send(pid, started));
}

fn until_cancelled(cancel: &CancelToken) -> Result<(), Cancelled> {
    let _counted = Counted::new();
    loop {
        cancel.check()?;
        std::hint::spin_loop();
    }
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn spin_dirty_cpu(env: Env<'_>, tell_pid: LocalPid, cancel: CancelToken) -> Result<(), Cancelled> {
    tell(env, &tell_pid);
    until_cancelled(&cancel)
}

#[cantilever::nif(schedule = "DirtyIo")]
fn spin_dirty_io(env: Env<'_>, tell_pid: LocalPid, cancel: CancelToken) -> Result<(), Cancelled> {
    tell(env, &tell_pid);
    until_cancelled(&cancel)
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn spin_parallel(env: Env<'_>, tell_pid: LocalPid, cancel: CancelToken) -> Result<(), Cancelled> {
    tell(env, &tell_pid);
    let _counted = Counted::new();
    cantilever::parallel(|| {
        (0..u64::MAX)
            .into_par_iter()
            .try_for_each(|_| cancel.check())
    })
}

#[cantilever::nif]
async fn spin_yielding() -> bool {
    let _counted = Counted::new();
    loop {
        cantilever::checkpoint().await;
    }
}

/// Runs on a thread of its own, which the token's clone stops, while the call itself waits.
#[cantilever::nif]
async fn spin_yielding_with_thread(cancel: CancelToken) -> bool {
    let _counted = Counted::new();
    std::thread::spawn(move || until_cancelled(&cancel));
    loop {
        cantilever::checkpoint().await;
    }
}

#[cantilever::nif]
async fn yield_token(cancel: CancelToken, n: u32) -> bool {
    for _ in 0..n {
        cantilever::checkpoint().await;
    }
    cancel.is_cancelled()
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn dirty_token(cancel: CancelToken) -> bool {
    cancel.clone().is_cancelled()
}
