//! The logger of the `log` crate that hands its records to Elixir.

use std::sync::atomic::{AtomicBool, Ordering};

use log::{LevelFilter, Log, Metadata, Record};

use crate::outbox;

static LOGGER: ElixirLogger = ElixirLogger;

/// Whether it is this logger that the crate's records go to.
static INSTALLED: AtomicBool = AtomicBool::new(false);

struct ElixirLogger;

impl Log for ElixirLogger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            outbox::record(record);
        }
    }

    fn flush(&self) {}
}

/// Makes it the logger of this library, unless the library has set one of its own, whose level is left alone as well.
pub(crate) fn install(level: LevelFilter) {
    if log::set_logger(&LOGGER).is_ok() {
        INSTALLED.store(true, Ordering::Relaxed);
    }
    if INSTALLED.load(Ordering::Relaxed) {
        log::set_max_level(level);
    }
}
