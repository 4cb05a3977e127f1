//! A Yielding call that has not finished: its future, and what tells when to poll that again.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, TryLockError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rustler::Env;

use crate::resource::{Kind, Monitor, Object, Shared};
use crate::returned::Returned;
use crate::signal::{LazySignal, Signal, Wait};
use crate::task::ErasedTask;
use crate::thread_state::ThreadState;
use crate::{outbox, panics, reclaim};

/// How many calls wait on a dirty I/O scheduler, or for one, as nobody could suspend them.
static PARKED: AtomicU64 = AtomicU64::new(0);

/// How long a parked call keeps its dirty I/O scheduler before it queues again behind whatever
/// else wants one: with 10 schedulers, their default number, others wait for about 40 ms. A turn
/// costs some 20 µs, which bounds how short it may be.
fn park_turn(parked: u64) -> Duration {
    Duration::from_micros((400_000 / parked.max(1)).clamp(2_000, 10_000))
}

/// What a call that has not finished waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Slice,
    /// For work that cannot be cut into slices.
    Dirty,
    /// For the waker to fire, suspended.
    WakeUp,
    /// The same on a dirty I/O scheduler, where there is nobody to suspend the process.
    Parked,
}

/// Polls until the future is done, waits, or has used up its slice.
#[inline]
pub(crate) fn poll(
    signal: &LazySignal,
    state: &ThreadState,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<Returned>,
) -> Poll<Returned> {
    signal.with_waker(|waker| {
        let mut context = Context::from_waker(waker);
        loop {
            let polled = poll(&mut context);
            if polled.is_ready() {
                // Another branch than the one that wanted it may have ended the call.
                state.wants_dirty.set(false);
            }
            // One that wakes itself without a checkpoint goes on within its slice.
            if polled.is_ready()
                || !signal.is_woken()
                || state.wants_dirty.get()
                || state.slice.is_over()
            {
                return polled;
            }
            signal.reset();
        }
    })
}

/// A future and its waker.
pub(crate) struct Running {
    pub(crate) task: ErasedTask,
    pub(crate) signal: LazySignal,
}

impl Running {
    fn poll(&mut self, state: &ThreadState, env: Env<'_>) -> Poll<Returned> {
        self.signal.reset();
        poll(&self.signal, state, |context| self.task.poll(context, env))
    }

    fn next(&self) -> Next {
        if ThreadState::with(|state| state.wants_dirty.take()) {
            Next::Dirty
        } else if self.signal.is_woken() {
            Next::Slice
        } else {
            Next::WakeUp
        }
    }
}

/// What lives in the resource that a call's slices hand on.
pub(crate) struct Call {
    running: Mutex<Option<Running>>,
    monitor: OnceLock<Option<Monitor>>,
    signal: OnceLock<Arc<Signal>>,
    parked: AtomicBool,
    pace: AtomicU32,
}

impl Object for Call {
    const NAME: &'static str = "cantilever.call";

    fn kind() -> &'static Kind<Self> {
        static KIND: Kind<Call> = Kind::new();
        &KIND
    }

    fn down(&self) {
        if let Some(signal) = self.signal.get() {
            signal.interrupt();
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.unpark();
        let running = self
            .running
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = running.take() {
            reclaim::drop_later(running);
        }
    }
}

impl Call {
    /// The call of a future that did not finish in its first slice, and what it waits for; `None`
    /// outside of a loaded library.
    pub(crate) fn suspend(running: Running) -> Option<(Shared<Call>, Next)> {
        let next = running.next();
        let call = Shared::new(Call {
            running: Mutex::new(Some(running)),
            monitor: OnceLock::new(),
            signal: OnceLock::new(),
            parked: AtomicBool::new(false),
            pace: AtomicU32::new(1),
        })?;
        Some((call, next))
    }

    /// Polls for a slice: the value of the call, or what it waits for.
    ///
    /// # Panics
    /// With the future's own panic.
    pub(crate) fn run_slice(&self, state: &ThreadState, env: Env<'_>) -> Result<Returned, Next> {
        // The lock is never contended: only the process that made the call has the resource.
        let mut running = match self.running.try_lock() {
            Ok(running) => running,
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => {
                panic!("the call is running already")
            }
        };
        match running.as_mut() {
            Some(running) => {
                state
                    .slice
                    .resume(Instant::now(), self.pace.load(Ordering::Relaxed));
                match running.poll(state, env) {
                    Poll::Ready(returned) => Ok(returned),
                    Poll::Pending => {
                        self.pace.store(state.slice.pace(), Ordering::Relaxed);
                        Err(running.next())
                    }
                }
            }
            None => panic!("the call has ended already"),
        }
    }

    /// Waits on this thread for a turn; whether the future was woken, or its caller has died.
    pub(crate) fn wait(&self) -> bool {
        let Some(signal) = self.signal.get() else {
            return true;
        };
        if !signal.is_woken() && !signal.is_interrupted() {
            signal.wait(park_turn(PARKED.load(Ordering::Relaxed)));
        }
        let go_on = signal.is_woken() || signal.is_interrupted();
        if go_on {
            self.unpark();
        }
        go_on
    }

    fn park(&self) {
        if !self.parked.swap(true, Ordering::Relaxed) {
            PARKED.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn unpark(&self) {
        if self.parked.load(Ordering::Relaxed) && self.parked.swap(false, Ordering::Relaxed) {
            PARKED.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Shared<Call> {
    /// Has the process suspended until the future is woken. What is to be done next.
    pub(crate) fn suspend_process(&self, env: Env<'_>) -> Next {
        let Some(signal) = self.signal() else {
            return Next::Slice;
        };
        match signal.suspend(env) {
            Wait::Over => {
                self.unpark();
                Next::Slice
            }
            Wait::Again => {
                self.unpark();
                Next::WakeUp
            }
            Wait::Unsuspended => {
                self.park();
                let monitor = self.monitor.get_or_init(|| self.monitor_caller(env));
                if monitor.is_none() {
                    signal.interrupt();
                }
                Next::Parked
            }
        }
    }

    fn signal(&self) -> Option<&Arc<Signal>> {
        if self.signal.get().is_none() {
            let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            let shared = Arc::clone(running.as_ref()?.signal.shared());
            let _ = self.signal.set(shared);
        }
        self.signal.get()
    }

    /// Drops what is left of the future, in the process that ran it.
    pub(crate) fn finish(&self, env: Env<'_>) {
        if let Some(Some(monitor)) = self.monitor.get() {
            self.demonitor(env, monitor);
        }
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Err(report) = panics::guard(|| drop(running)) {
            outbox::panic(*report);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_get_shorter_when_many_calls_are_parked() {
        assert_eq!(park_turn(0), Duration::from_millis(10));
        assert_eq!(park_turn(40), Duration::from_millis(10));
        assert_eq!(park_turn(100), Duration::from_millis(4));
        assert_eq!(park_turn(10_000), Duration::from_millis(2));
    }
}
