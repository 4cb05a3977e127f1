//! Wakers for Yielding calls: free until somebody keeps one.

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{RawWaker, RawWakerVTable, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

/// What wakers that outlive a slice refer to.
#[derive(Default)]
pub(crate) struct Signal {
    woken: AtomicBool,
    interrupted: AtomicBool,
    parked: Mutex<Option<Thread>>,
}

impl Signal {
    /// Blocks this thread until the signal is given or interrupted, but for no longer than `most`.
    pub(crate) fn wait(&self, most: Duration) {
        *self.parked.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
        // Pairs with the fence in `interrupt`: either that finds the thread, or this sees the flag.
        fence(Ordering::SeqCst);
        if !self.is_woken() && !self.is_interrupted() {
            thread::park_timeout(most);
        }
        *self.parked.lock().unwrap_or_else(PoisonError::into_inner) = None;
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
        if let Ok(parked) = self.parked.try_lock()
            && let Some(thread) = parked.as_ref()
        {
            thread.unpark();
        }
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        let parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = parked.as_ref() {
            thread.unpark();
        }
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
