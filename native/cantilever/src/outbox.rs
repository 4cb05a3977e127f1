//! The way from any native thread to Elixir's Logger and to telemetry.
//!
//! Whoever has something to say leaves it in a queue and goes on. A thread of the kit's takes from there, as much
//! at a time as there is, and sends it to `Cantilever.NativeLogger`. The queue is bounded, and so is what is on
//! its way; what finds no room is dropped and counted, and the count is told with the next message.

mod bound;
mod credit;
mod event;
mod message;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use log::Record;
use rustler::LocalPid;

use crate::panics::PanicReport;
use crate::worker::{Jobs, Worker};
use crate::{mailbox, settings};
use bound::Bound;
use credit::Purse;
use event::{Event, LogRecord};
use message::Message;

pub(crate) use credit::Credit;
pub(crate) use event::{Schedule, SlowCall};

/// What may go into one message. One record alone may be larger.
const BATCH_RECORDS: usize = 512;
const BATCH_BYTES: u32 = 256 * 1024;

/// How long to wait, at first and at most, before looking again for a process that is not there: it may be on
/// its way back, or the application has not been started yet.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The bounds of the queue. Panics have one of their own, so that a flood of records cannot keep them out.
static RECORDS: Bound = Bound::new(100_000, 16 * 1024 * 1024);
static PANICS: Bound = Bound::new(1_000, 4 * 1024 * 1024);

static LOST: AtomicU32 = AtomicU32::new(0);

static WORKER: LazyLock<Worker<Event>> =
    LazyLock::new(|| Worker::new("cantilever-outbox", settings::threads_idle, run));

/// Messages may take credits along from now on.
pub(crate) fn open() {
    credit::open();
}

/// Hands a record of the `log` crate to Elixir's Logger.
pub(crate) fn record(record: &Record<'_>) {
    submit(Event::Record(Box::new(LogRecord::new(record))));
}

/// Hands a panic that has no caller to Elixir's Logger.
pub(crate) fn panic(report: PanicReport) {
    submit(Event::Panic(event::shortened(report)));
}

/// Hands a call that held its scheduler for too long to telemetry.
pub(crate) fn slow(call: SlowCall) {
    submit(Event::Slow(call));
}

fn submit(event: Event) {
    let bytes = event.bytes();
    if !bound_of(&event).admit(bytes) {
        LOST.fetch_add(1, Ordering::Relaxed);
        return;
    }
    // Without its thread, which the system has none for now, nobody would take it out again.
    if let Err(event) = WORKER.submit(event) {
        bound_of(&event).release(1, bytes);
        LOST.fetch_add(1, Ordering::Relaxed);
    }
}

fn bound_of(event: &Event) -> &'static Bound {
    match event {
        Event::Panic(_) => &PANICS,
        Event::Record(_) | Event::Slow(_) => &RECORDS,
    }
}

fn run(events: &Jobs<Event>) {
    let mut purse = Purse::new();
    while let Some(first) = events.wait() {
        let mut logger = find_logger();
        // The credit comes first: what is said while this thread waits for one is sent together.
        let credit = purse.take();
        let batch = collect(first, || events.take());
        // Every record that was not admitted left others in the queue, so a message follows its loss. (One that
        // there was no thread for is told of with the next that there is one for.)
        let lost = LOST.swap(0, Ordering::Relaxed);
        let mut message = Message::new(&batch, lost, credit.as_ref());
        drop((batch, credit));
        while let Err(unsent) = message.send(&logger) {
            message = unsent;
            logger = find_logger();
        }
    }
}

/// Waits until the process is there.
fn find_logger() -> LocalPid {
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(logger) = mailbox::find(message::logger()) {
            return logger;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Takes what is there, up to the size of a message.
fn collect(first: Event, mut take: impl FnMut() -> Option<Event>) -> Vec<Event> {
    let mut bytes = 0;
    let mut batch = Vec::new();
    let mut next = Some(first);
    while let Some(event) = next {
        let event_bytes = event.bytes();
        bound_of(&event).release(1, event_bytes);
        bytes += event_bytes;
        batch.push(event);
        let room = batch.len() < BATCH_RECORDS && bytes < BATCH_BYTES;
        next = if room { take() } else { None };
    }
    batch
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn event(text: &str) -> Event {
        let report = PanicReport {
            message: text.to_owned(),
            file: String::new(),
            line: 0,
        };
        let event = Event::Panic(Box::new(report));
        assert!(bound_of(&event).admit(event.bytes()));
        event
    }

    #[test]
    fn a_batch_is_what_is_there_up_to_the_size_of_a_message() {
        let (sender, receiver) = channel();
        let collected = || collect(event("x"), || receiver.try_recv().ok()).len();
        for _ in 0..BATCH_RECORDS {
            sender.send(event("x")).unwrap();
        }
        assert_eq!(collected(), BATCH_RECORDS);
        assert_eq!(collected(), 2);
        let large = "x".repeat(BATCH_BYTES as usize / 2);
        for _ in 0..3 {
            sender.send(event(&large)).unwrap();
        }
        assert_eq!(collected(), 3);
        assert_eq!(collected(), 2);
    }
}
