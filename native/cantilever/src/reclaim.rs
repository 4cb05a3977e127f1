//! The kit's own thread for what must not run on a scheduler: dropping users' values after their process died.

use std::any::Any;
use std::sync::LazyLock;

use crate::worker::{Jobs, Worker};
use crate::{outbox, panics, settings};

static WORKER: LazyLock<Worker<Box<dyn Any + Send>>> =
    LazyLock::new(|| Worker::new("cantilever-reclaim", settings::threads_idle, run));

/// Drops `value` on the kit's thread.
pub(crate) fn drop_later<T: Send + 'static>(value: T) {
    // Without its thread (the system had none to give) the value is dropped here: late beats lost.
    if let Err(value) = WORKER.submit(Box::new(value)) {
        drop_guarded(value);
    }
}

fn run(values: &Jobs<Box<dyn Any + Send>>) {
    while let Some(value) = values.wait() {
        drop_guarded(value);
    }
}

fn drop_guarded(value: Box<dyn Any + Send>) {
    if let Err(report) = panics::guard(|| drop(value)) {
        outbox::panic(*report);
    }
}
