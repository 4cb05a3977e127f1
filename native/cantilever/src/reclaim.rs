//! The kit's own thread for what must not run on a scheduler: dropping users' values after their process died.

use std::any::Any;
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::{outbox, panics};

static QUEUE: LazyLock<Option<Sender<Box<dyn Any + Send>>>> = LazyLock::new(|| {
    let (sender, receiver) = channel();
    let spawned = thread::Builder::new()
        .name("cantilever-reclaim".to_owned())
        .spawn(move || run(&receiver));
    spawned.ok().map(|_| sender)
});

/// Starts the thread; called while the library is loaded, so that later calls find it running.
pub(crate) fn start() {
    LazyLock::force(&QUEUE);
}

/// Drops `value` on the kit's thread.
pub(crate) fn drop_later<T: Send + 'static>(value: T) {
    let value: Box<dyn Any + Send> = Box::new(value);
    let rejected = match QUEUE.as_ref() {
        Some(queue) => queue.send(value).err().map(|error| error.0),
        None => Some(value),
    };
    // Without its thread (the system had none to give) the value is dropped here: late beats lost.
    if let Some(value) = rejected {
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
