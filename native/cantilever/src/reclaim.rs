//! The kit's own thread, for what must not run on a scheduler: dropping users' values after their
//! process died, and telling the Logger what had no caller to tell.

use std::any::Any;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::log;
use crate::panics::{self, PanicReport};

/// How many events may wait for the Logger; what comes on top is dropped and counted.
const PENDING_EVENTS: usize = 1000;

static PENDING: AtomicUsize = AtomicUsize::new(0);
static DROPPED: AtomicUsize = AtomicUsize::new(0);

static QUEUE: LazyLock<Option<Sender<Job>>> = LazyLock::new(|| {
    let (sender, receiver) = channel();
    let spawned = thread::Builder::new()
        .name("cantilever-reclaim".to_owned())
        .spawn(move || run(&receiver));
    spawned.ok().map(|_| sender)
});

enum Job {
    Drop(Box<dyn Any + Send>),
    LogPanic(PanicReport),
}

/// Starts the thread; called while the library is loaded, so that later calls find it running.
pub(crate) fn start() {
    LazyLock::force(&QUEUE);
}

/// Drops `value` on the kit's thread.
pub(crate) fn drop_later<T: Send + 'static>(value: T) {
    submit(Job::Drop(Box::new(value)));
}

/// Sends one event to Elixir's Logger.
pub(crate) fn log_panic(report: PanicReport) {
    if PENDING.fetch_add(1, Ordering::Relaxed) < PENDING_EVENTS {
        submit(Job::LogPanic(report));
    } else {
        PENDING.fetch_sub(1, Ordering::Relaxed);
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

fn submit(job: Job) {
    let rejected = match QUEUE.as_ref() {
        Some(queue) => queue.send(job).err().map(|error| error.0),
        None => Some(job),
    };
    // Without its thread (the system had none to give) the work is done here: late beats lost.
    if let Some(job) = rejected {
        perform(job);
    }
}

fn run(jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        perform(job);
    }
}

fn perform(job: Job) {
    match job {
        Job::Drop(value) => {
            if let Err(report) = panics::guard(|| drop(value)) {
                log::panic(&report, DROPPED.swap(0, Ordering::Relaxed));
            }
        }
        Job::LogPanic(report) => {
            PENDING.fetch_sub(1, Ordering::Relaxed);
            log::panic(&report, DROPPED.swap(0, Ordering::Relaxed));
        }
    }
}
