//! What keeps the mailbox of `Cantilever.NativeLogger` short.
//!
//! Each message takes a credit along, a resource. When nothing refers to it any more, because the
//! process has logged the message and collected its heap, or has died, the credit comes back. So
//! a process that crashes costs messages, but never a credit.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::resource::{Kind, Object, Shared};

/// How many messages may be on their way.
const MOST: u32 = 4;

/// Without its types the library gives out no credits, but may still send `MOST` messages in this
/// time: what it says before any of its functions was called is little.
const WITHOUT_CREDIT: Duration = Duration::from_secs(1);

static OUT: AtomicU32 = AtomicU32::new(0);

/// The outbox's thread, which there is not always.
static WAITING: Mutex<Option<Thread>> = Mutex::new(None);

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
        open();
    }
}

/// There may be a credit to be had now.
pub(crate) fn open() {
    if let Some(thread) = waiting().as_ref() {
        thread.unpark();
    }
}

fn waiting() -> MutexGuard<'static, Option<Thread>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives out credits on the outbox's thread.
pub(crate) struct Purse {
    since: Instant,
    without: u32,
}

impl Purse {
    pub(crate) fn new() -> Self {
        *waiting() = Some(thread::current());
        Purse {
            since: Instant::now(),
            without: 0,
        }
    }

    /// Waits until another message may be sent, and returns the credit that it takes along, or `None`
    /// where it may go without.
    pub(crate) fn take(&mut self) -> Option<Shared<Credit>> {
        loop {
            if Credit::kind().is_settled() {
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
    OUT.fetch_add(1, Ordering::Relaxed);
    // A credit that is not made is dropped, and so comes back.
    Shared::new(Credit)
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
