//! How much may wait.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what waits, in records and in bytes, and admits nothing on top of a bound.
pub(crate) struct Bound {
    /// Records in the upper half, bytes in the lower, so that both change at once.
    held: AtomicU64,
    most_records: u32,
    most_bytes: u32,
}

impl Bound {
    pub(crate) const fn new(most_records: u32, most_bytes: u32) -> Self {
        Bound {
            held: AtomicU64::new(0),
            most_records,
            most_bytes,
        }
    }

    /// Counts one record of so many bytes in; whether there is room for it.
    pub(crate) fn admit(&self, bytes: u32) -> bool {
        self.held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
                let (records, held_bytes) = unpack(held);
                let bytes = held_bytes.checked_add(bytes)?;
                (records < self.most_records && bytes <= self.most_bytes)
                    .then(|| pack(records + 1, bytes))
            })
            .is_ok()
    }

    /// Counts out what has been admitted.
    pub(crate) fn release(&self, records: u32, bytes: u32) {
        self.held.fetch_sub(pack(records, bytes), Ordering::Relaxed);
    }
}

fn pack(records: u32, bytes: u32) -> u64 {
    u64::from(records) << 32 | u64::from(bytes)
}

fn unpack(held: u64) -> (u32, u32) {
    ((held >> 32) as u32, held as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_records_are_admitted_than_may_wait() {
        let bound = Bound::new(2, 100);
        assert!(bound.admit(0) && bound.admit(0));
        assert!(!bound.admit(0));
        bound.release(1, 0);
        assert!(bound.admit(0));
    }

    #[test]
    fn no_more_bytes_are_admitted_than_may_wait() {
        let bound = Bound::new(10, 100);
        assert!(bound.admit(60));
        assert!(!bound.admit(41));
        assert!(bound.admit(40));
        assert!(!bound.admit(u32::MAX));
        bound.release(2, 100);
        assert!(bound.admit(100));
    }
}
