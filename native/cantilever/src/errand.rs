//! The kit's own thread for what the VM does not allow on a scheduler, and somebody waits for: waking a
//! process, passing a permit on. Nothing of users' runs there, which might keep it.

use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::pool;
use crate::worker::Worker;

/// How long the pool must have been unused for its threads to end, and at most twice that.
const POOL_KEPT: Duration = Duration::from_secs(60);

enum Errand {
    Run(Box<dyn FnOnce() + Send>),
    LookAfterPool,
}

static WORKER: OnceLock<Worker<Errand>> = OnceLock::new();

/// Starts the thread; called while the library is loaded.
///
/// # Errors
/// The system has no thread to give. Without it permits would be lost, and processes stay suspended.
pub(crate) fn start() -> Result<(), &'static str> {
    if WORKER.get().is_none() {
        let worker = Worker::start("cantilever-errand", run);
        if !worker.has_thread() {
            return Err("the system has no thread to give");
        }
        let _ = WORKER.set(worker);
    }
    Ok(())
}

/// Does `errand`, which must be short and must not panic, on the kit's thread.
pub(crate) fn run_later(errand: impl FnOnce() + Send + 'static) {
    submit(Errand::Run(Box::new(errand)));
}

/// Ends the pool's threads when they have been unused for a while.
pub(crate) fn look_after_pool() {
    submit(Errand::LookAfterPool);
}

/// Outside of a loaded library nobody waits for an errand.
fn submit(errand: Errand) {
    if let Some(worker) = WORKER.get() {
        let _ = worker.submit(errand);
    }
}

fn run(errands: &Receiver<Errand>) {
    // There is nothing to wake up for while there is no pool.
    let mut look_at: Option<Instant> = None;
    loop {
        let next = match look_at {
            None => errands.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => errands.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match next {
            Ok(Errand::Run(errand)) => errand(),
            Ok(Errand::LookAfterPool) => look_at = Some(Instant::now() + POOL_KEPT),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        // However many errands there are.
        if look_at.is_some_and(|at| at <= Instant::now()) {
            look_at = pool::stop_if_unused().then(|| Instant::now() + POOL_KEPT);
        }
    }
}
