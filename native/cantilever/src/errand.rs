//! The kit's own thread for what the VM does not allow on a scheduler, and somebody waits for: waking a
//! process, passing a permit on. Nothing of users' runs there, which might keep it.

use std::sync::LazyLock;
use std::time::Instant;

use crate::worker::{Jobs, Lease, Worker};
use crate::{pool, settings};

enum Errand {
    Run(Box<dyn FnOnce() + Send>),
    LookAfterPool,
}

static WORKER: LazyLock<Worker<Errand>> =
    LazyLock::new(|| Worker::new("cantilever-errand", settings::threads_idle, run));

/// What whoever may have an errand gets beforehand, so that there is a thread for it when it comes to that:
/// otherwise permits would be lost, and processes stay suspended. `None` where the system has no thread to give.
pub(crate) fn lease() -> Option<Lease> {
    WORKER.lease()
}

/// Does `errand`, which must be short and must not panic, on the kit's thread. The caller has a [`lease`].
pub(crate) fn run_later(errand: impl FnOnce() + Send + 'static) {
    let _ = WORKER.submit(Errand::Run(Box::new(errand)));
}

/// Ends the pool's threads when they have been unused for a while; whether there is a thread to do so.
pub(crate) fn look_after_pool() -> bool {
    WORKER.submit(Errand::LookAfterPool).is_ok()
}

fn run(errands: &Jobs<Errand>) {
    // There is nothing to wake up for while there is no pool, and then the thread may end too.
    let mut look_at: Option<Instant> = None;
    loop {
        let errand = match look_at {
            Some(at) => errands.wait_for(at.saturating_duration_since(Instant::now())),
            None => match errands.wait() {
                Some(errand) => Some(errand),
                None => return,
            },
        };
        match errand {
            Some(Errand::Run(errand)) => errand(),
            Some(Errand::LookAfterPool) => {
                look_at = Some(Instant::now() + settings::threads_idle())
            }
            None => {}
        }
        // However many errands there are.
        if look_at.is_some_and(|at| at <= Instant::now()) {
            look_at = pool::stop_if_unused().then(|| Instant::now() + settings::threads_idle());
        }
    }
}
