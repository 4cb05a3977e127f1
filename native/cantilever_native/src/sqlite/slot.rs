//! Where a connection is kept between two calls, of which one at a time has it.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A place that one call at a time takes the value out of, whoever else tries.
pub struct Slot<T> {
    place: Mutex<Place<T>>,
}

struct Place<T> {
    state: State<T>,
    /// Goes up whenever the value is lent, so that who had it before cannot use it any more.
    lease: u64,
}

enum State<T> {
    Idle(T),
    InUse { close_after: bool },
    Closed,
}

/// Why the value cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// Another call has it.
    InUse,
    /// It is closed.
    Closed,
    /// It has been lent to somebody else.
    Stale,
}

impl<T> Slot<T> {
    /// One with a value in it.
    pub fn new(value: T) -> Self {
        Slot {
            place: Mutex::new(Place {
                state: State::Idle(value),
                lease: 0,
            }),
        }
    }

    /// Ends the lease that was, and begins the next one.
    pub fn lend(&self) -> Result<u64, Unavailable> {
        let mut place = self.place();
        match place.state {
            State::Closed => return Err(Unavailable::Closed),
            State::InUse { .. } => return Err(Unavailable::InUse),
            State::Idle(_) => {}
        }
        place.lease += 1;
        Ok(place.lease)
    }

    /// Does `work` with the value, for the holder of `lease`, or for the owner. If it panics, the value is dropped, as
    /// nobody knows its state.
    pub fn run<R>(
        &self,
        lease: Option<u64>,
        work: impl FnOnce(&mut T) -> R,
    ) -> Result<R, Unavailable> {
        let mut value = self.take(lease)?;
        let lost = Lost(self);
        let result = work(&mut value);
        mem::forget(lost);
        drop(self.put_back(value));
        Ok(result)
    }

    fn take(&self, lease: Option<u64>) -> Result<T, Unavailable> {
        let mut place = self.place();
        if lease.is_some_and(|lease| lease != place.lease) {
            return Err(Unavailable::Stale);
        }
        match mem::replace(&mut place.state, State::InUse { close_after: false }) {
            State::Idle(value) => Ok(value),
            other => {
                let unavailable = match other {
                    State::Closed => Unavailable::Closed,
                    _ => Unavailable::InUse,
                };
                place.state = other;
                Err(unavailable)
            }
        }
    }

    /// Drops the value, now or as soon as the call that has it is over.
    pub fn close(&self) {
        let mut place = self.place();
        let before = mem::replace(&mut place.state, State::Closed);
        if let State::InUse { .. } = before {
            place.state = State::InUse { close_after: true };
        }
        drop(place);
        // Closing a connection takes a while, which nobody who only asks should wait for.
        drop(before);
    }

    /// Returns what is not to be kept.
    fn put_back(&self, value: T) -> Option<T> {
        let mut place = self.place();
        if let State::InUse { close_after: false } = place.state {
            place.state = State::Idle(value);
            return None;
        }
        place.state = State::Closed;
        Some(value)
    }

    fn place(&self) -> MutexGuard<'_, Place<T>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The value of a slot, while it may get lost.
struct Lost<'a, T>(&'a Slot<T>);

impl<T> Drop for Lost<'_, T> {
    fn drop(&mut self) {
        self.0.place().state = State::Closed;
    }
}
