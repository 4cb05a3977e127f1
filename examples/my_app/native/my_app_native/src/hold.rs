//! What not to do: work that neither yields nor asks for a dirty scheduler.
//!
//! It is here so that the page can show what others feel of it, and so it is bounded.

use std::time::{Duration, Instant};

use crate::intensive_calculation::{CHUNK, Sum};

/// However long it is asked to go on, it goes on for no longer.
pub(crate) const LONGEST: Duration = Duration::from_secs(1);

/// Adds up squares for `time`, or for [`LONGEST`] where that is shorter, and returns how many.
pub(crate) fn hold(time: Duration) -> u64 {
    let began = Instant::now();
    let time = time.min(LONGEST);
    let mut sum = Sum::default();
    let mut squares = 0;
    while began.elapsed() < time {
        sum.add_squares(squares..squares + CHUNK);
        squares += CHUNK;
    }
    std::hint::black_box(sum);
    squares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_for_as_long_as_it_is_asked_to() {
        let began = Instant::now();
        assert!(hold(Duration::from_millis(20)) > 0);
        assert!(began.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn does_nothing_in_no_time() {
        assert_eq!(hold(Duration::ZERO), 0);
    }

    #[test]
    fn ends_where_it_is_asked_for_more_than_it_may() {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(hold(Duration::MAX)));
        assert!(receiver.recv_timeout(Duration::from_secs(60)).is_ok());
    }
}
