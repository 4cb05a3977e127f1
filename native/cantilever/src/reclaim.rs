//! The kit's own thread for what must not run on a scheduler: dropping users' values after their process died.

use std::any::Any;
use std::sync::LazyLock;
use std::sync::mpsc::Receiver;

use crate::worker::Worker;
use crate::{outbox, panics};

static WORKER: LazyLock<Worker<Box<dyn Any + Send>>> =
    LazyLock::new(|| Worker::start("cantilever-reclaim", run));

/// Starts the thread; called while the library is loaded, so that later calls find it running.
pub(crate) fn start() {
    LazyLock::force(&WORKER);
}

/// Drops `value` on the kit's thread.
pub(crate) fn drop_later<T: Send + 'static>(value: T) {
    // Without its thread (the system had none to give) the value is dropped here: late beats lost.
    if let Err(value) = WORKER.submit(Box::new(value)) {
        drop_guarded(value);
    }
}

fn run(values: &Receiver<Box<dyn Any + Send>>) {
    while let Ok(value) = values.recv() {
        drop_guarded(value);
    }
}

fn drop_guarded(value: Box<dyn Any + Send>) {
    if let Err(report) = panics::guard(|| drop(value)) {
        outbox::panic(*report);
    }
}
