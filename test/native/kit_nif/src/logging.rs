//! Says things from every kind of thread.

use cantilever::Handle;
use std::sync::atomic::{AtomicU32, Ordering};

use cantilever::log::{self, Level, Log, Metadata, Record, debug, error, info, trace, warn};
use cantilever::rayon::prelude::*;

static OWN: OwnLogger = OwnLogger(AtomicU32::new(0));

/// A logger that only counts.
struct OwnLogger(AtomicU32);

impl Log for OwnLogger {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _record: &Record<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn flush(&self) {}
}

/// As a library does that wants its records elsewhere.
pub(crate) fn set_own_logger() {
    if log::set_logger(&OWN).is_ok() {
        log::set_max_level(log::LevelFilter::Trace);
    }
}

#[cantilever::nif]
fn own_logger_records() -> u32 {
    OWN.0.load(Ordering::Relaxed)
}

fn say(level: &str, text: &str) -> bool {
    match level {
        "error" => error!("{text}"),
        "warn" => warn!("{text}"),
        "info" => info!(target: "a target", "{text}"),
        "debug" => debug!("{text}"),
        "trace" => trace!("{text}"),
        _ => return false,
    }
    true
}

#[cantilever::nif]
fn log_at(level: String, text: String) -> bool {
    say(&level, &text)
}

#[cantilever::nif]
async fn log_yielding(level: String, text: String) -> bool {
    cantilever::checkpoint().await;
    say(&level, &text)
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn log_dirty(text: String) -> bool {
    say("warn", &text)
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn log_parallel(text: String) -> bool {
    cantilever::parallel(|| [text].par_iter().all(|text| say("warn", text)))
}

#[cantilever::nif]
fn log_thread(text: String) -> bool {
    std::thread::spawn(move || say("warn", &text));
    true
}

struct LogsInDrop(String);

impl Drop for LogsInDrop {
    fn drop(&mut self) {
        say("warn", &self.0);
    }
}

#[cantilever::nif]
fn log_in_drop(text: String) -> Handle<LogsInDrop> {
    Handle::new(LogsInDrop(text))
}

/// So many records at once, each with its number and a text of so many bytes.
#[cantilever::nif(schedule = "DirtyCpu")]
fn log_burst(count: u32, bytes: usize) -> u32 {
    let text = "x".repeat(bytes);
    for number in 0..count {
        log::log!(Level::Error, "{number} {text}");
    }
    count
}

#[cantilever::nif]
fn log_level() -> String {
    log::max_level().to_string()
}
