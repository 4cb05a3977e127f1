//! The kit's own thread for what the VM does not allow on a scheduler, and somebody waits for: waking a
//! process, passing a permit on. Nothing of users' runs there, which might keep it.

use std::sync::LazyLock;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use crate::pool;
use crate::worker::Worker;

/// How long the pool must have been unused for its threads to end, and at most twice that.
const POOL_KEPT: Duration = Duration::from_secs(60);

enum Errand {
    Run(Box<dyn FnOnce() + Send>),
    LookAfterPool,
}

static WORKER: LazyLock<Worker<Errand>> = LazyLock::new(|| Worker::start("cantilever-errand", run));

/// Starts the thread; called while the library is loaded, so that later calls find it running.
pub(crate) fn start() {
    LazyLock::force(&WORKER);
}

/// Does `errand`, which must be short and must not panic, on the kit's thread.
pub(crate) fn run_later(errand: impl FnOnce() + Send + 'static) {
    // Without its thread, which the system had none for, one of its own may be had by now.
    if let Err(Errand::Run(errand)) = WORKER.submit(Errand::Run(Box::new(errand))) {
        let _ = thread::Builder::new().spawn(errand);
    }
}

/// Ends the pool's threads when they have been unused for a while. (Without its thread it keeps them.)
pub(crate) fn look_after_pool() {
    let _ = WORKER.submit(Errand::LookAfterPool);
}

fn run(errands: &Receiver<Errand>) {
    let mut pool_runs = false;
    loop {
        // There is nothing to wake up for while there is no pool.
        let next = if pool_runs {
            errands.recv_timeout(POOL_KEPT).ok()
        } else {
            match errands.recv() {
                Ok(errand) => Some(errand),
                Err(_disconnected) => return,
            }
        };
        match next {
            Some(Errand::Run(errand)) => errand(),
            Some(Errand::LookAfterPool) => pool_runs = true,
            None => pool_runs = pool::stop_if_unused(),
        }
    }
}
