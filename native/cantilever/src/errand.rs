//! The kit's own thread for what the VM does not allow on a scheduler, and somebody waits for: waking a
//! process, passing a permit on. Nothing of users' runs there, which might keep it.

use std::sync::LazyLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

type Errand = Box<dyn FnOnce() + Send>;

static QUEUE: LazyLock<Option<Sender<Errand>>> = LazyLock::new(|| {
    let (sender, receiver) = channel::<Errand>();
    let spawned = thread::Builder::new()
        .name("cantilever-errand".to_owned())
        .spawn(move || receiver.into_iter().for_each(|errand| errand()));
    spawned.ok().map(|_| sender)
});

/// Starts the thread; called while the library is loaded, so that later calls find it running.
pub(crate) fn start() {
    LazyLock::force(&QUEUE);
}

/// Does `errand`, which must be short and must not panic, on the kit's thread.
pub(crate) fn run_later(errand: impl FnOnce() + Send + 'static) {
    let errand: Errand = Box::new(errand);
    let rejected = match QUEUE.as_ref() {
        Some(queue) => queue.send(errand).err().map(|error| error.0),
        None => Some(errand),
    };
    // Without its thread, which the system had none for, one of its own may be had by now.
    if let Some(errand) = rejected {
        let _ = thread::Builder::new().spawn(errand);
    }
}
