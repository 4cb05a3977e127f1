//! What keeps the mailbox of `Cantilever.NativeLogger` short.
//!
//! Each message takes a credit along, a resource. When nothing refers to it any more, because the
//! process has logged the message and collected its heap, or has died, the credit comes back. So
//! a process that crashes costs messages, but never a credit.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rustler::Env;
use rustler::sys::ErlNifResourceFlags;

use crate::resource::{Kind, Object, Shared};

/// How many messages may be on their way.
const MOST: u32 = 4;

/// A library's resource types are the VM's only when its load function has returned and the VM has
/// noted that, a few instructions later, of which nobody is told.
const SETTLING: Duration = Duration::from_secs(1);

/// Without its types the library gives out no credits, but may still send `MOST` messages in this
/// time: what it says while it is loaded, or after it was unloaded, is little.
const WITHOUT_CREDIT: Duration = Duration::from_secs(1);

static OUT: AtomicU32 = AtomicU32::new(0);

/// Since when the resource type may be used. Held while a credit is made: the VM frees the type when the
/// library is unloaded.
static SETTLED_AT: Mutex<Option<Instant>> = Mutex::new(None);

static WAITING: OnceLock<Thread> = OnceLock::new();

/// One message that has not been dealt with yet.
pub(crate) struct Credit;

impl Object for Credit {
    const NAME: &'static str = "cantilever.outbox_credit";

    fn kind() -> &'static Kind<Self> {
        static KIND: Kind<Credit> = Kind::new();
        &KIND
    }
}

impl Drop for Credit {
    fn drop(&mut self) {
        OUT.fetch_sub(1, Ordering::Release);
        if let Some(thread) = WAITING.get() {
            thread.unpark();
        }
    }
}

/// Registers the resource type.
///
/// # Errors
/// Says that the VM refused it.
///
/// # Safety
/// Only to be called from the library's `load` or `upgrade`, with their environment.
pub(crate) unsafe fn register(
    env: Env<'_>,
    build: &str,
    flags: &[ErlNifResourceFlags],
) -> Result<(), String> {
    // SAFETY: as the function's contract says.
    unsafe { Credit::kind().register(env, build, flags) }
}

/// The library has been loaded: the type may be used soon.
pub(crate) fn open() {
    let mut settled_at = lock();
    settled_at.get_or_insert_with(|| Instant::now() + SETTLING);
}

/// The library is about to be unloaded: the type must not be used any more.
pub(crate) fn close() {
    let mut settled_at = lock();
    *settled_at = None;
    Credit::kind().unregister();
}

/// Gives out credits on the outbox's thread.
pub(crate) struct Purse {
    since: Instant,
    without: u32,
}

impl Purse {
    pub(crate) fn new() -> Self {
        WAITING.get_or_init(thread::current);
        Purse {
            since: Instant::now(),
            without: 0,
        }
    }

    /// Waits until another message may be sent, and returns the credit that it takes along, or `None`
    /// where it may go without.
    pub(crate) fn take(&mut self) -> Option<Shared<Credit>> {
        loop {
            if is_settled() {
                if OUT.load(Ordering::Acquire) >= MOST {
                    // A credit that comes back, now or since the look at the count, ends this.
                    thread::park();
                } else if let Some(credit) = make() {
                    return Some(credit);
                }
            } else if self.may_go_without() {
                return None;
            } else {
                thread::park_timeout(WITHOUT_CREDIT / 10);
            }
        }
    }

    fn may_go_without(&mut self) -> bool {
        if self.since.elapsed() >= WITHOUT_CREDIT {
            self.since = Instant::now();
            self.without = 0;
        }
        let may = self.without < MOST;
        self.without += u32::from(may);
        may
    }
}

fn make() -> Option<Shared<Credit>> {
    let settled_at = lock();
    (*settled_at)?;
    OUT.fetch_add(1, Ordering::Relaxed);
    // A credit that is not made is dropped, and so comes back.
    Shared::new(Credit)
}

fn is_settled() -> bool {
    lock().is_some_and(|at| at <= Instant::now())
}

fn lock() -> std::sync::MutexGuard<'static, Option<Instant>> {
    SETTLED_AT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_not_loaded_may_say_a_little() {
        let mut purse = Purse::new();
        for _ in 0..MOST {
            assert!(purse.take().is_none());
        }
        assert!(!purse.may_go_without());
    }
}
