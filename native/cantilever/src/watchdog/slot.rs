//! Where a thread says that it is inside a call, and learns that somebody found that call slow.

use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::time::Duration;

/// One thread's place, on a cache line of its own. The thread writes `sequence`, the watchdog the rest.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Slot {
    /// Odd inside a call. The thread alone writes it, so that a plain store will do.
    sequence: AtomicU64,
    /// The sequence of a call that was found slow.
    noted: AtomicU64,
    /// When that call was seen first, in ns of the watchdog's clock.
    since_ns: AtomicU64,
}

impl Slot {
    /// Begins a call and returns its sequence.
    #[inline]
    pub(crate) fn enter(&self) -> u64 {
        let sequence = self.sequence.load(Ordering::Relaxed) + 1;
        self.sequence.store(sequence, Ordering::Relaxed);
        sequence
    }

    /// Ends the call; whether it was found slow.
    #[inline]
    pub(crate) fn leave(&self, sequence: u64) -> bool {
        self.sequence.store(sequence + 1, Ordering::Relaxed);
        self.noted.load(Ordering::Relaxed) == sequence
    }

    /// For how long, at `now_ns`, the call that was found slow had been watched.
    #[cold]
    pub(crate) fn watched_for(&self, now_ns: u64) -> Duration {
        // Pairs with the one in `note`.
        fence(Ordering::Acquire);
        Duration::from_nanos(now_ns.saturating_sub(self.since_ns.load(Ordering::Relaxed)))
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.sequence.load(Ordering::Relaxed)
    }

    /// Notes that the call with this sequence is slow, and when it was seen first.
    pub(crate) fn note(&self, sequence: u64, since_ns: u64) {
        self.since_ns.store(since_ns, Ordering::Relaxed);
        fence(Ordering::Release);
        self.noted.store(sequence, Ordering::Relaxed);
    }
}

/// What the watchdog saw of a slot when it last changed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sighting {
    sequence: u64,
    since_ns: u64,
}

impl Sighting {
    /// Looks at the slot again and notes a call that it has seen for `limit_ns`; whether anything has changed.
    pub(crate) fn renew(&mut self, slot: &Slot, now_ns: u64, limit_ns: u64) -> bool {
        let sequence = slot.sequence();
        if sequence != self.sequence {
            *self = Sighting {
                sequence,
                since_ns: now_ns,
            };
            return true;
        }
        let inside = sequence % 2 == 1;
        if inside && now_ns.saturating_sub(self.since_ns) >= limit_ns {
            slot.note(sequence, self.since_ns);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 1_000;

    #[test]
    fn a_call_is_noted_once_it_has_been_seen_for_the_limit() {
        let (slot, mut sighting) = (Slot::default(), Sighting::default());
        let call = slot.enter();
        assert!(sighting.renew(&slot, 5_000, LIMIT));
        assert!(!sighting.renew(&slot, 5_999, LIMIT));
        assert!(!sighting.renew(&slot, 6_000, LIMIT));
        assert!(slot.leave(call));
        assert_eq!(slot.watched_for(7_500), Duration::from_nanos(2_500));
    }

    #[test]
    fn calls_that_follow_each_other_are_not_taken_for_one() {
        let (slot, mut sighting) = (Slot::default(), Sighting::default());
        for now in (0..100_000).step_by(LIMIT as usize) {
            let call = slot.enter();
            assert!(sighting.renew(&slot, now, LIMIT));
            assert!(!slot.leave(call));
        }
    }

    #[test]
    fn a_thread_between_two_calls_is_not_slow() {
        let (slot, mut sighting) = (Slot::default(), Sighting::default());
        let call = slot.enter();
        assert!(!slot.leave(call));
        assert!(sighting.renew(&slot, 0, LIMIT));
        assert!(!sighting.renew(&slot, 10 * LIMIT, LIMIT));
        let call = slot.enter();
        assert!(!slot.leave(call));
    }
}
