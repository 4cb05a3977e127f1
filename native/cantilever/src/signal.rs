//! Wakers for Yielding calls: free until somebody keeps one.

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{RawWaker, RawWakerVTable, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use rustler::Env;

use crate::suspend::{Asked, Suspension};

/// How often a process may run on before it looks whether the suspender has died with the message.
const RUNS_BEFORE_ASKING_AGAIN: u32 = 1000;

/// Who waits for a signal.
#[derive(Default)]
enum Waiting {
    #[default]
    Nobody,
    Thread(Thread),
    Process {
        suspension: Suspension,
        runs: u32,
    },
}

/// How a wait goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The signal was given.
    Over,
    /// The process is about to be suspended: it gives up its time slice and comes again.
    Again,
    /// There is nobody to suspend the process.
    Unsuspended,
}

/// What wakers that outlive a slice refer to.
#[derive(Default)]
pub(crate) struct Signal {
    woken: AtomicBool,
    interrupted: AtomicBool,
    waiting: Mutex<Waiting>,
}

impl Signal {
    /// Blocks this thread until the signal is given or interrupted, but for no longer than `most`.
    pub(crate) fn wait(&self, most: Duration) {
        *self.waiting() = Waiting::Thread(thread::current());
        // Pairs with the fence in `interrupt`: either that finds the thread, or this sees the flag.
        fence(Ordering::SeqCst);
        if !self.is_woken() && !self.is_interrupted() {
            thread::park_timeout(most);
        }
        *self.waiting() = Waiting::Nobody;
    }

    /// Has the calling process suspended until the signal is given.
    pub(crate) fn suspend(&self, env: Env<'_>) -> Wait {
        // Whoever wakes it takes the lock after the flag is set: either this sees the flag, or that
        // finds the suspension.
        let mut waiting = self.waiting();
        if let Waiting::Process { runs, suspension } = &mut *waiting
            && !self.is_woken()
        {
            *runs += 1;
            if *runs < RUNS_BEFORE_ASKING_AGAIN {
                return Wait::Again;
            }
            // One that is only slow to come to it has the message.
            if suspension.is_pending(env) {
                *runs = 0;
                return Wait::Again;
            }
        }
        if let Waiting::Process { suspension, .. } = std::mem::take(&mut *waiting) {
            suspension.end_in(env);
        }
        if self.is_woken() {
            return Wait::Over;
        }
        match Suspension::ask(env) {
            Asked::Suspension(suspension) => {
                *waiting = Waiting::Process {
                    suspension,
                    runs: 0,
                };
                Wait::Again
            }
            Asked::Later => Wait::Again,
            Asked::Nobody => Wait::Unsuspended,
        }
    }

    /// Gives the signal, from any thread.
    pub(crate) fn wake(&self) {
        self.give(Suspension::end);
    }

    /// Gives the signal from a native call, which is quicker than from any thread.
    pub(crate) fn wake_in(&self, env: Env<'_>) {
        self.give(|suspension| suspension.end_in(env));
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Acquire)
    }

    /// Ends a `wait`, under way or to come, without a wake-up and without waiting for a lock.
    pub(crate) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
        // Who holds the lock is about to look at the flag, or to unpark the thread itself.
        if let Ok(waiting) = self.waiting.try_lock()
            && let Waiting::Thread(thread) = &*waiting
        {
            thread.unpark();
        }
    }

    fn give(&self, end: impl FnOnce(Suspension)) {
        self.woken.store(true, Ordering::Release);
        let mut waiting = self.waiting();
        match &*waiting {
            Waiting::Nobody => {}
            Waiting::Thread(thread) => thread.unpark(),
            Waiting::Process { .. } => {
                let taken = std::mem::take(&mut *waiting);
                drop(waiting);
                if let Waiting::Process { suspension, .. } = taken {
                    end(suspension);
                }
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        Signal::wake(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        Signal::wake(self);
    }
}

/// The waker of one call. Waking it during a poll flips a flag; only a future that keeps a clone
/// makes it allocate a [`Signal`].
#[derive(Default)]
pub(crate) struct LazySignal {
    woken: AtomicBool,
    shared: OnceLock<Arc<Signal>>,
}

impl LazySignal {
    pub(crate) fn shared(&self) -> &Arc<Signal> {
        self.shared.get_or_init(Arc::default)
    }

    /// Whether it was woken since the last [`reset`](Self::reset).
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
            || self.shared.get().is_some_and(|signal| signal.is_woken())
    }

    /// Forgets earlier wake-ups. What they told is seen by the poll that follows.
    pub(crate) fn reset(&self) {
        self.woken.store(false, Ordering::Relaxed);
        if let Some(signal) = self.shared.get() {
            // Acquire pairs with the store in `wake_by_ref`: the poll must see what came before it.
            signal.woken.swap(false, Ordering::Acquire);
        }
    }

    /// Calls `f` with a waker that borrows from `self`.
    #[inline]
    pub(crate) fn with_waker<T>(&self, f: impl FnOnce(&Waker) -> T) -> T {
        let raw = RawWaker::new(std::ptr::from_ref(self).cast(), &LAZY);
        // SAFETY: the vtable keeps the contract of `RawWaker`: its functions are thread-safe, as
        // `LazySignal` is `Sync`, and a clone is a waker of its own. `f` only borrows the waker,
        // so that it cannot outlive `self`.
        let waker = std::mem::ManuallyDrop::new(unsafe { Waker::from_raw(raw) });
        f(&waker)
    }
}

static LAZY: RawWakerVTable = RawWakerVTable::new(clone_lazy, wake_lazy, wake_lazy, drop_lazy);

/// # Safety
/// `data` points to the `LazySignal` of a `with_waker` that has not returned.
unsafe fn clone_lazy(data: *const ()) -> RawWaker {
    // SAFETY: as the function's contract says.
    let signal = unsafe { &*data.cast::<LazySignal>() };
    let waker = std::mem::ManuallyDrop::new(Waker::from(Arc::clone(signal.shared())));
    RawWaker::new(waker.data(), waker.vtable())
}

/// # Safety
/// `data` points to the `LazySignal` of a `with_waker` that has not returned.
unsafe fn wake_lazy(data: *const ()) {
    // SAFETY: as the function's contract says.
    unsafe { &*data.cast::<LazySignal>() }
        .woken
        .store(true, Ordering::Release);
}

/// # Safety
/// None: the waker borrows what it refers to.
unsafe fn drop_lazy(_data: *const ()) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waking_during_a_poll_needs_no_shared_signal() {
        let signal = LazySignal::default();
        signal.with_waker(Waker::wake_by_ref);
        assert!(signal.is_woken());
        assert!(signal.shared.get().is_none());
        signal.reset();
        assert!(!signal.is_woken());
    }

    #[test]
    fn a_clone_outlives_the_poll_and_wakes_from_another_thread() {
        let signal = LazySignal::default();
        let clone = signal.with_waker(Waker::clone);
        assert!(!signal.is_woken());
        let waker = thread::spawn(move || clone.wake());
        while !signal.is_woken() {
            signal.shared().wait(Duration::from_secs(10));
        }
        waker.join().unwrap();
    }

    #[test]
    fn an_interrupt_ends_a_wait_without_waking() {
        let signal = Arc::new(Signal::default());
        let waiter = Arc::clone(&signal);
        let thread = thread::spawn(move || waiter.wait(Duration::from_secs(3600)));
        signal.interrupt();
        thread.join().unwrap();
        assert!(!signal.is_woken());
    }
}
