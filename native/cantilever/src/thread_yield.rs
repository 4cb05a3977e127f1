//! Yielding the scheduler's thread to the system between slices, as the process yields to the scheduler.
//!
//! A scheduler that runs slice after slice never sleeps, so a thread that has just been woken, as the one that polls for I/O, a dirty
//! scheduler or another program, would wait until the system ends the scheduler's turn, which may take some milliseconds.
//!
//! Such threads run for a few microseconds and wait again. One that computes instead keeps the processor for the whole of a turn each
//! time, and some systems, as Linux 6.18, take that out of the share of whoever has yielded to it, however often that is. So a yield that took
//! long is not repeated soon, and beside threads that compute a scheduler keeps its share but for about 3 %.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// A yield costs about 0.2 µs where nobody waits, so there is none for each of the shortest slices.
const EVERY: Duration = Duration::from_micros(50);
/// Who keeps the processor for longer than that computes: a turn takes at least that long wherever a clock of 1,000 Hz ends it.
const SHORT: Duration = Duration::from_millis(1);
/// So many times as long as a yield took there is no other one, if it was not short.
const PAUSE: u32 = 32;

/// When a thread may yield again.
pub(crate) struct ThreadYield {
    not_before: Cell<Option<Instant>>,
}

impl ThreadYield {
    pub(crate) const fn new() -> Self {
        ThreadYield {
            not_before: Cell::new(None),
        }
    }

    /// Lets the threads go first that wait for this one's processor, unless it has done so just now.
    pub(crate) fn yield_now(&self) {
        self.yield_by(Instant::now, std::thread::yield_now);
    }

    fn yield_by(&self, now: impl Fn() -> Instant, yield_thread: impl FnOnce()) {
        let begun = now();
        if self.not_before.get().is_some_and(|moment| begun < moment) {
            return;
        }
        yield_thread();
        let end = now();
        let took = end.saturating_duration_since(begun);
        let pause = if took > SHORT {
            took.saturating_mul(PAUSE)
        } else {
            EVERY
        };
        self.not_before.set(Some(end + pause));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Clock(Cell<Instant>);

    impl Clock {
        fn advance(&self, by: Duration) {
            self.0.set(self.0.get() + by);
        }
    }

    /// Whether it yields, to somebody who keeps the processor so long.
    fn yields(thread: &ThreadYield, clock: &Clock, kept: Duration) -> bool {
        let yielded = Cell::new(false);
        thread.yield_by(
            || clock.0.get(),
            || {
                yielded.set(true);
                clock.advance(kept);
            },
        );
        yielded.get()
    }

    fn start() -> (ThreadYield, Clock) {
        (ThreadYield::new(), Clock(Cell::new(Instant::now())))
    }

    #[test]
    fn a_thread_yields_again_and_again_to_those_who_are_short() {
        let (thread, clock) = start();
        for kept in [Duration::ZERO, Duration::from_micros(30), SHORT] {
            assert!(yields(&thread, &clock, kept), "{kept:?}");
            assert!(!yields(&thread, &clock, kept), "{kept:?}, at once");
            clock.advance(EVERY);
        }
    }

    #[test]
    fn a_thread_loses_a_small_share_to_one_that_computes() {
        let (thread, clock) = start();
        let (turn, slice) = (Duration::from_millis(4), Duration::from_micros(20));
        let begun = clock.0.get();
        let mut lost = Duration::ZERO;
        for _slice in 0..100_000 {
            clock.advance(slice);
            if yields(&thread, &clock, turn) {
                lost += turn;
            }
        }
        let share = lost.as_secs_f64() / (clock.0.get() - begun).as_secs_f64();
        assert!((0.025..0.035).contains(&share), "{share}");
    }

    #[test]
    fn a_thread_yields_as_before_when_nobody_computes_any_more() {
        let (thread, clock) = start();
        assert!(yields(&thread, &clock, Duration::from_millis(4)));
        clock.advance(EVERY);
        assert!(!yields(&thread, &clock, Duration::ZERO));
        clock.advance(Duration::from_millis(4 * u64::from(PAUSE)));
        for _again in 0..2 {
            assert!(yields(&thread, &clock, Duration::ZERO));
            clock.advance(EVERY);
        }
    }
}
