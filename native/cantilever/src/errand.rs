//! The kit's own thread for what the VM does not allow on a scheduler, and somebody waits for: waking a
//! process, passing a permit on. Nothing of users' runs there, which might keep it.

use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::pool;

/// How long the pool must have been unused for its threads to end, and at most twice that.
const POOL_KEPT: Duration = Duration::from_secs(60);

enum Errand {
    Run(Box<dyn FnOnce() + Send>),
    LookAfterPool,
}

static QUEUE: LazyLock<Option<Sender<Errand>>> = LazyLock::new(|| {
    let (sender, receiver) = channel();
    let spawned = thread::Builder::new()
        .name("cantilever-errand".to_owned())
        .spawn(move || run(&receiver));
    spawned.ok().map(|_| sender)
});

/// Starts the thread; called while the library is loaded, so that later calls find it running.
pub(crate) fn start() {
    LazyLock::force(&QUEUE);
}

/// Does `errand`, which must be short and must not panic, on the kit's thread.
pub(crate) fn run_later(errand: impl FnOnce() + Send + 'static) {
    let rejected = match QUEUE.as_ref() {
        Some(queue) => queue
            .send(Errand::Run(Box::new(errand)))
            .err()
            .map(|error| error.0),
        None => Some(Errand::Run(Box::new(errand))),
    };
    // Without its thread, which the system had none for, one of its own may be had by now.
    if let Some(Errand::Run(errand)) = rejected {
        let _ = thread::Builder::new().spawn(errand);
    }
}

/// Ends the pool's threads when they have been unused for a while.
pub(crate) fn look_after_pool() {
    if let Some(queue) = QUEUE.as_ref() {
        let _ = queue.send(Errand::LookAfterPool);
    }
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
