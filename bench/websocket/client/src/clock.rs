//! The clock that everything is measured by.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Nanoseconds of a second.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// Nanoseconds since a moment that stays the same.
pub(crate) fn now() -> u64 {
    nanoseconds(clock_gettime(ClockId::Monotonic))
}

/// Nanoseconds for which this program has kept a core busy.
pub(crate) fn busy() -> u64 {
    nanoseconds(clock_gettime(ClockId::ProcessCPUTime))
}

/// So many seconds in nanoseconds.
pub(crate) fn seconds(seconds: f64) -> u64 {
    (seconds * SECOND as f64) as u64
}

/// How long it is until `moment`, as the kernel takes it.
pub(crate) fn until(moment: u64) -> Timespec {
    let left = moment.saturating_sub(now());
    Timespec {
        tv_sec: (left / SECOND).cast_signed(),
        tv_nsec: (left % SECOND).cast_signed(),
    }
}

/// Waits until `moment`.
pub(crate) fn sleep_until(moment: u64) {
    std::thread::sleep(Duration::from_nanos(moment.saturating_sub(now())));
}

fn nanoseconds(time: Timespec) -> u64 {
    time.tv_sec.cast_unsigned() * SECOND + time.tv_nsec.cast_unsigned()
}
