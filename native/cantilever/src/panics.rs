//! Catches panics and remembers what they said and where.
//!
//! A panic hook sees the message and the place, but not who will catch the panic; a catcher sees
//! neither. The hook therefore files a [`PanicReport`] where the catcher finds it: in the thread
//! that panicked, or, for a thread of the kit's pool (whose panics surface in another thread), in
//! a list that all threads share. What nobody will catch goes to the Logger.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::{Mutex, Once, PoisonError};

use crate::outbox;
use crate::thread_state::ThreadState;

/// How many panics of pool threads are remembered while their callers unwind.
const POOL_REPORTS: usize = 64;

static POOL: Mutex<VecDeque<PanicReport>> = Mutex::new(VecDeque::new());

thread_local! {
    static IN_POOL: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<PanicReport>> = const { RefCell::new(None) };
}

/// What a panic said, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PanicReport {
    pub(crate) message: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

impl fmt::Display for PanicReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "native panic at {}:{}: {}",
            self.file, self.line, self.message
        )
    }
}

/// Replaces this library's panic hook, once: panics are reported, and nothing goes to stderr.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| std::panic::set_hook(Box::new(file_report)));
}

/// Tells the hook that this thread's panics are caught by another thread, which waits for it.
pub(crate) fn mark_pool_thread() {
    IN_POOL.set(true);
}

/// Runs `f` and turns a panic in it into a report, boxed to keep the result small.
#[inline]
pub(crate) fn guard<T>(f: impl FnOnce() -> T) -> Result<T, Box<PanicReport>> {
    ThreadState::with(|state| guard_in(state, f))
}

/// The same, for a caller that has looked up this thread's state.
#[inline]
pub(crate) fn guard_in<T>(
    state: &ThreadState,
    f: impl FnOnce() -> T,
) -> Result<T, Box<PanicReport>> {
    let outer = state.guarded.replace(true);
    let result = catch_unwind(AssertUnwindSafe(f));
    state.guarded.set(outer);
    result.map_err(report_of)
}

/// The report of a panic that somebody else caught in this thread since the last one was taken.
#[cold]
pub(crate) fn take() -> Option<PanicReport> {
    LAST.with_borrow_mut(Option::take)
}

#[cold]
fn report_of(payload: Box<dyn Any + Send>) -> Box<PanicReport> {
    let message = message_of(payload.as_ref());
    // A payload may panic while it is dropped; then it is leaked, as there is nobody left to tell.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
    // A report that the user's own code has caught may still lie here, of another panic.
    let report = take()
        .filter(|report| report.message == message)
        .or_else(|| take_from_pool(&message))
        .unwrap_or_else(|| PanicReport {
            message,
            file: "unknown".to_owned(),
            line: 0,
        });
    Box::new(report)
}

/// Reports a panic of a job that nobody waits for, as those of `rayon::spawn`. Never panics itself.
#[cold]
pub(crate) fn report_uncaught(payload: Box<dyn Any + Send>) {
    let reported = catch_unwind(AssertUnwindSafe(|| outbox::panic(*report_of(payload))));
    if let Err(second) = reported {
        std::mem::forget(second);
    }
}

fn take_from_pool(message: &str) -> Option<PanicReport> {
    let mut reports = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let newest = reports
        .iter()
        .rposition(|report| report.message == message)?;
    reports.remove(newest)
}

fn file_report(info: &PanicHookInfo<'_>) {
    let report = PanicReport {
        message: message_of(info.payload()),
        file: info
            .location()
            .map_or_else(|| "unknown".to_owned(), |at| at.file().to_owned()),
        line: info.location().map_or(0, std::panic::Location::line),
    };

    if ThreadState::with(|state| state.guarded.get()) {
        LAST.set(Some(report));
    } else if IN_POOL.get() {
        let mut reports = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        if reports.len() == POOL_REPORTS {
            reports.pop_front();
        }
        reports.push_back(report);
    } else {
        outbox::panic(report);
    }
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic whose payload is not a string".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_guard_is_reported_with_its_place() {
        install_hook();
        let line = line!() + 1;
        let report = guard(|| panic!("no {}", "luck")).unwrap_err();
        assert_eq!(report.message, "no luck");
        assert_eq!(report.line, line);
        assert!(report.file.ends_with("panics.rs"), "{report}");
    }

    #[test]
    fn a_panic_that_the_user_caught_is_not_taken_for_another() {
        install_hook();
        let payload = std::thread::spawn(|| {
            mark_pool_thread();
            panic!("the second")
        })
        .join()
        .unwrap_err();
        let report = guard(|| {
            let caught = catch_unwind(|| panic!("the first"));
            assert!(caught.is_err());
            std::panic::resume_unwind(payload)
        })
        .unwrap_err();
        assert_eq!(report.message, "the second");
        assert!(report.line > 0);
    }

    #[test]
    fn a_panic_that_unwinds_into_another_thread_keeps_its_place() {
        install_hook();
        let payload = std::thread::spawn(|| {
            mark_pool_thread();
            panic!("from a pool thread")
        })
        .join()
        .unwrap_err();
        let report = guard(|| std::panic::resume_unwind(payload)).unwrap_err();
        assert_eq!(report.message, "from a pool thread");
        assert!(
            report.line > 0 && report.file.ends_with("panics.rs"),
            "{report}"
        );
    }

    #[test]
    fn a_payload_that_panics_while_dropped_does_no_harm() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        install_hook();
        let report = guard(|| std::panic::panic_any(Bomb)).unwrap_err();
        assert_eq!(report.message, "a panic whose payload is not a string");
    }
}
