//! Whether the pool's threads are to wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Long enough for the schedulers to get the processor, short enough to be there again soon.
const NAP: Duration = Duration::from_micros(50);

/// How often a thread naps in a row at most, should nobody end the pause: 1 ms or so.
const MOST_NAPS: u32 = 10;

static PAUSED: AtomicBool = AtomicBool::new(false);

pub(crate) fn set(wanted: bool) {
    PAUSED.store(wanted, Ordering::Relaxed);
}

pub(crate) fn wait() {
    for _ in 0..MOST_NAPS {
        if !PAUSED.load(Ordering::Relaxed) {
            return;
        }
        thread::sleep(NAP);
    }
}
