//! A thread of the kit's own, with a queue.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

pub(crate) struct Worker<T> {
    /// `None` where the system had no thread to give.
    queue: Option<Sender<T>>,
}

impl<T: Send + 'static> Worker<T> {
    /// Starts a thread that runs `run`.
    pub(crate) fn start(name: &str, run: fn(&Receiver<T>)) -> Self {
        let (queue, jobs) = channel();
        let thread = thread::Builder::new().name(name.to_owned());
        let spawned = thread.spawn(move || run(&jobs));
        Worker {
            queue: spawned.ok().map(|_| queue),
        }
    }

    pub(crate) fn has_thread(&self) -> bool {
        self.queue.is_some()
    }

    /// Queues a job.
    ///
    /// # Errors
    /// Gives it back, as there is no thread.
    pub(crate) fn submit(&self, job: T) -> Result<(), T> {
        match &self.queue {
            Some(queue) => queue.send(job).map_err(|unsent| unsent.0),
            None => Err(job),
        }
    }
}
