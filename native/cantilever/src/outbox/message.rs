//! Messages to `Cantilever.NativeLogger`, the process that hands them to the Logger and to telemetry.

use log::Level;
use rustler::{Atom, Encoder, Env, LocalPid, OwnedEnv, Term};

use super::credit::Credit;
use super::event::{Event, LogRecord, Schedule, SlowCall};
use crate::panics::PanicReport;
use crate::resource::Shared;
use crate::{mailbox, module};

mod atoms {
    rustler::atoms! {
        logger = "Elixir.Cantilever.NativeLogger",
        native_events, record, panic, slow,
        error, warning, info, debug,
        normal, yielding,
        nil,
    }
}

/// A message that has not arrived yet.
pub(crate) struct Message {
    env: OwnedEnv,
    term: rustler::sys::ErlNifTerm,
}

impl Message {
    /// `{:native_events, module, events, lost, credit}`.
    pub(crate) fn new(events: &[Event], lost: u32, credit: Option<&Shared<Credit>>) -> Self {
        let env = OwnedEnv::new();
        let term = env.run(|env| {
            let events: Vec<Term<'_>> = events.iter().map(|event| encode(env, event)).collect();
            let credit = credit.map_or_else(|| atoms::nil().to_term(env), |it| it.to_term(env));
            (
                atoms::native_events(),
                module::term(env),
                events,
                lost,
                credit,
            )
                .encode(env)
                .as_c_arg()
        });
        Message { env, term }
    }

    /// Sends it to the process that `mailbox::find` has found.
    ///
    /// # Errors
    /// Gives the message back, as the process has died.
    pub(crate) fn send(self, logger: &LocalPid) -> Result<(), Self> {
        let sent = self.env.run(|env| {
            // SAFETY: `find` has checked that the VM does not manage this thread; the term lives in `env`.
            unsafe { mailbox::send(env, logger, self.term) }
        });
        if sent { Ok(()) } else { Err(self) }
    }
}

/// The name of the process that messages go to.
pub(crate) fn logger() -> Atom {
    atoms::logger()
}

fn encode<'a>(env: Env<'a>, event: &Event) -> Term<'a> {
    match event {
        Event::Record(record) => log_record(env, record),
        Event::Panic(report) => native_panic(env, report),
        Event::Slow(call) => slow_call(env, call),
    }
}

/// `{:record, level, time_us, text, target, native_module, file, line}`, the last three nil where unknown.
fn log_record<'a>(env: Env<'a>, record: &LogRecord) -> Term<'a> {
    let level = match record.level {
        Level::Error => atoms::error(),
        Level::Warn => atoms::warning(),
        Level::Info => atoms::info(),
        Level::Debug | Level::Trace => atoms::debug(),
    };
    let optional = |text: &Option<_>| match text {
        Some(text) => AsRef::<str>::as_ref(text).encode(env),
        None => atoms::nil().to_term(env),
    };
    let line = record.line.map_or_else(
        || atoms::nil().to_term(env),
        |line| u64::from(line).encode(env),
    );
    rustler::types::tuple::make_tuple(
        env,
        &[
            atoms::record().to_term(env),
            level.to_term(env),
            record.time_us.encode(env),
            record.text.encode(env),
            record.target.encode(env),
            optional(&record.module),
            optional(&record.file),
            line,
        ],
    )
}

/// `{:panic, message, file, line}`.
fn native_panic<'a>(env: Env<'a>, report: &PanicReport) -> Term<'a> {
    (
        atoms::panic(),
        report.message.as_str(),
        report.file.as_str(),
        report.line,
    )
        .encode(env)
}

/// `{:slow, function, arity, schedule, duration_ns}`.
fn slow_call<'a>(env: Env<'a>, call: &SlowCall) -> Term<'a> {
    let name = call.info.display_name();
    let function = match Atom::from_str(env, name) {
        Ok(atom) => atom.to_term(env),
        Err(_) => name.encode(env),
    };
    let schedule = match call.schedule {
        Schedule::Normal => atoms::normal(),
        Schedule::Yielding => atoms::yielding(),
    };
    let duration_ns = u64::try_from(call.duration.as_nanos()).unwrap_or(u64::MAX);
    (
        atoms::slow(),
        function,
        call.info.arity,
        schedule,
        duration_ns,
    )
        .encode(env)
}
