//! What the kit keeps for each thread, together: looking it up in a loaded library is a call.

use std::cell::Cell;
use std::ptr;

use crate::slice::Slice;
use crate::thread_yield::ThreadYield;
use crate::watchdog::Slot;

thread_local! {
    static STATE: ThreadState = const { ThreadState::new() };
}

/// Nothing in it needs dropping, so that a look-up need not ask whether it is still there.
pub(crate) struct ThreadState {
    /// Whether a `panics::guard` of this thread catches panics.
    pub(crate) guarded: Cell<bool>,
    /// A block of memory for the next task, or null.
    pub(crate) spare_block: Cell<*mut u8>,
    pub(crate) slice: Slice,
    pub(crate) thread_yield: ThreadYield,
    /// Whether the call that runs here is to go on on a dirty scheduler.
    pub(crate) wants_dirty: Cell<bool>,
    /// Where the watchdog sees what this thread does, once it has made a call.
    pub(crate) slot: Cell<Option<&'static Slot>>,
}

impl ThreadState {
    const fn new() -> Self {
        ThreadState {
            guarded: Cell::new(false),
            spare_block: Cell::new(ptr::null_mut()),
            slice: Slice::new(),
            thread_yield: ThreadYield::new(),
            wants_dirty: Cell::new(false),
            slot: Cell::new(None),
        }
    }

    #[inline]
    pub(crate) fn with<T>(f: impl FnOnce(&ThreadState) -> T) -> T {
        STATE.with(f)
    }
}
