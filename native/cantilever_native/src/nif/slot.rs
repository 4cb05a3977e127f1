//! Where what a handle stands for is kept between two calls.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A place for a value that one call at a time takes out and puts back.
pub(super) struct Slot<T>(Mutex<Option<T>>);

impl<T> Slot<T> {
    pub(super) fn new(value: T) -> Self {
        Slot(Mutex::new(Some(value)))
    }

    #[cfg(feature = "json")]
    pub(super) fn empty() -> Self {
        Slot(Mutex::new(None))
    }

    /// What is there, unless another call has it, or has not put it back.
    pub(super) fn take(&self) -> Option<T> {
        self.place().take()
    }

    pub(super) fn put(&self, value: T) {
        *self.place() = Some(value);
    }

    fn place(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
