//! Stopping a statement, exactly that one: when its time is up, or nobody waits for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::{Error, Reason};

/// How long one call may take, and who waits for it.
#[derive(Clone)]
pub struct Call {
    timeout: Option<Duration>,
    deadline: Option<Instant>,
    is_cancelled: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Call {
    /// `timeout` is what is left of it now.
    pub fn new(
        timeout: Option<Duration>,
        is_cancelled: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        Call {
            timeout,
            deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            is_cancelled: Arc::new(is_cancelled),
        }
    }

    /// One that nothing stops.
    pub fn unwatched() -> Self {
        Call::new(None, || false)
    }

    fn check(&self) -> Option<Reason> {
        if (self.is_cancelled)() {
            return Some(Reason::Cancelled);
        }
        let is_late = self
            .deadline
            .is_some_and(|deadline| deadline <= Instant::now());
        is_late.then_some(Reason::Timeout)
    }
}

/// What SQLite's progress handler looks at: the call that is running, and no other.
#[derive(Clone)]
pub(super) struct Watch(Arc<Mutex<Option<Running>>>);

struct Running {
    call: Call,
    stopped: Option<Reason>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Watch(Arc::new(Mutex::new(None)))
    }

    /// Whether the call has to stop now.
    pub(super) fn is_over(&self) -> bool {
        let mut place = self.place();
        let Some(running) = place.as_mut() else {
            return false;
        };
        if running.stopped.is_none() {
            running.stopped = running.call.check();
        }
        running.stopped.is_some()
    }

    /// Runs `work` while `call` is looked at, unless its time is up already.
    pub(super) fn run<T>(
        &self,
        call: Call,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        *self.place() = Some(Running {
            call,
            stopped: None,
        });
        let _end = End(self);
        if self.is_over() {
            return Err(self.explain());
        }
        work().map_err(|error| {
            if error.is_interrupt() {
                self.explain()
            } else {
                error
            }
        })
    }

    /// No longer looks at the call, as what has been begun must be ended.
    pub(super) fn let_finish(&self) {
        *self.place() = None;
    }

    fn explain(&self) -> Error {
        let place = self.place();
        let running = place.as_ref();
        match running.and_then(|running| running.stopped) {
            Some(Reason::Timeout) => {
                let timeout = running.and_then(|running| running.call.timeout);
                let message = match timeout {
                    Some(timeout) if !timeout.is_zero() => format!(
                        "the statement was stopped, as the {} ms that it had left were over",
                        timeout.as_millis()
                    ),
                    _ => "the statement was not begun, as its time was over".to_owned(),
                };
                Error::new(Reason::Timeout, message)
            }
            _ => Error::new(Reason::Cancelled, "nobody waits for the statement any more"),
        }
    }

    fn place(&self) -> MutexGuard<'_, Option<Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the call, however its work ends.
struct End<'a>(&'a Watch);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.let_finish();
    }
}
