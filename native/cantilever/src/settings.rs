//! What `load_data` says to the kit.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use log::LevelFilter;
use rustler::sys::{ErlNifSysInfo, enif_system_info};
use rustler::{Atom, Env, Term};

use crate::{inspect, logger, pool, slice, watchdog};

static THREADS: AtomicUsize = AtomicUsize::new(1);

const MOST_THREADS: usize = 1024;
const LONGEST_SLICE_US: u32 = 1000;
const DEFAULT_SLOW_MS: u64 = 1;
const LONGEST_SLOW_MS: u64 = 60_000;
const DEFAULT_LOG: LevelFilter = LevelFilter::Info;

mod atoms {
    rustler::atoms! {
        wrapper = "$cantilever", schedulers_online, log_level,
        cantilever, log, slice_us, slow_ms, threads,
        off, none, emergency, alert, critical, error, warn, warning, notice, info, debug, trace, all,
    }
}

/// How many threads the pool has.
pub(crate) fn threads() -> usize {
    THREADS.load(Ordering::Relaxed)
}

/// What the load data says to the kit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    log: LevelFilter,
    slice_us: u32,
    slow: Option<Duration>,
    threads: usize,
}

/// What `Cantilever.Nif` tells, as a library cannot ask the VM for it.
struct Info {
    schedulers_online: usize,
    log: LevelFilter,
}

impl Settings {
    /// Reads the settings, and returns the load data that the user gave.
    ///
    /// `Cantilever.Nif` wraps load data as `{:"$cantilever", info, load_data}`, where `info` is a
    /// map of what a library cannot ask the VM: `schedulers_online` and `log_level`. Settings stand in
    /// the load data under the key `:cantilever`, in a keyword list or a map.
    ///
    /// # Errors
    /// Names the setting that is unknown or wrong.
    pub(crate) fn read<'a>(
        env: Env<'a>,
        load_info: Term<'a>,
    ) -> Result<(Settings, Term<'a>), String> {
        let (info, load_data) = unwrap(env, load_info);
        let mut settings = Settings {
            log: info.log,
            slice_us: slice::DEFAULT_SLICE_US,
            slow: Some(Duration::from_millis(DEFAULT_SLOW_MS)),
            threads: info.schedulers_online,
        };
        if let Some(given) = lookup(load_data, atoms::cantilever()) {
            for (key, value) in entries(given)? {
                settings.set(key, value)?;
            }
        }
        Ok((settings, load_data))
    }

    /// Has them hold from now on.
    pub(crate) fn apply(self) {
        slice::set_length_us(self.slice_us);
        logger::install(self.log);
        watchdog::set_limit(self.slow);
        if THREADS.swap(self.threads, Ordering::Relaxed) != self.threads {
            pool::stop();
        }
    }

    fn set(&mut self, key: Atom, value: Term<'_>) -> Result<(), String> {
        let reject = |name: &str, wanted: String| {
            let value = inspect::inspect(value);
            Err(format!(
                "load_data: cantilever: {name} must be {wanted}, got: {value}"
            ))
        };
        if key == atoms::log() {
            match value.decode().ok().and_then(level) {
                Some(level) => self.log = level,
                None => {
                    let wanted = ":off, :error, :warning, :info, :debug or :trace";
                    return reject("log", wanted.to_owned());
                }
            }
        } else if key == atoms::slow_ms() {
            match (value.decode::<u64>(), value.decode::<Atom>()) {
                (Ok(ms @ 1..=LONGEST_SLOW_MS), _) => self.slow = Some(Duration::from_millis(ms)),
                (_, Ok(atom)) if atom == atoms::off() => self.slow = None,
                _ => {
                    let wanted = format!("an integer from 1 to {LONGEST_SLOW_MS} (ms) or :off");
                    return reject("slow_ms", wanted);
                }
            }
        } else if key == atoms::slice_us() {
            match value.decode::<u32>() {
                Ok(us) if us <= LONGEST_SLICE_US => self.slice_us = us,
                _ => {
                    return reject(
                        "slice_us",
                        format!("an integer from 0 to {LONGEST_SLICE_US} (µs)"),
                    );
                }
            }
        } else if key == atoms::threads() {
            match value.decode::<usize>() {
                Ok(threads @ 1..=MOST_THREADS) => self.threads = threads,
                _ => return reject("threads", format!("an integer from 1 to {MOST_THREADS}")),
            }
        } else {
            let key = inspect::inspect(key.to_term(value.get_env()));
            return Err(format!(
                "load_data: cantilever: unknown setting {key}, \
                 known are :log, :slice_us, :slow_ms and :threads"
            ));
        }
        Ok(())
    }
}

fn unwrap<'a>(env: Env<'a>, load_info: Term<'a>) -> (Info, Term<'a>) {
    match load_info.decode::<(Atom, Term<'a>, Term<'a>)>() {
        Ok((tag, info, load_data)) if tag == atoms::wrapper() => {
            let online = info
                .map_get(atoms::schedulers_online().to_term(env))
                .and_then(Term::decode::<usize>);
            let log = info
                .map_get(atoms::log_level().to_term(env))
                .and_then(Term::decode::<Atom>);
            let info = Info {
                schedulers_online: online.unwrap_or_else(|_| schedulers()),
                log: log.ok().and_then(logger_level).unwrap_or(DEFAULT_LOG),
            };
            (info, load_data)
        }
        _ => {
            let info = Info {
                schedulers_online: schedulers(),
                log: DEFAULT_LOG,
            };
            (info, load_info)
        }
    }
}

/// A level as the setting names it.
fn level(atom: Atom) -> Option<LevelFilter> {
    let known = [
        (atoms::off(), LevelFilter::Off),
        (atoms::error(), LevelFilter::Error),
        (atoms::warn(), LevelFilter::Warn),
        (atoms::warning(), LevelFilter::Warn),
        (atoms::info(), LevelFilter::Info),
        (atoms::debug(), LevelFilter::Debug),
        (atoms::trace(), LevelFilter::Trace),
    ];
    find(&known, atom)
}

/// A level as the VM's logger names it: what passes there is let through here. A record has no level between
/// `info` and `warn`, nor one above `error`.
fn logger_level(atom: Atom) -> Option<LevelFilter> {
    let known = [
        (atoms::none(), LevelFilter::Off),
        (atoms::emergency(), LevelFilter::Off),
        (atoms::alert(), LevelFilter::Off),
        (atoms::critical(), LevelFilter::Off),
        (atoms::notice(), LevelFilter::Warn),
        (atoms::all(), LevelFilter::Trace),
    ];
    find(&known, atom).or_else(|| level(atom))
}

fn find(known: &[(Atom, LevelFilter)], atom: Atom) -> Option<LevelFilter> {
    known
        .iter()
        .find(|(name, _)| *name == atom)
        .map(|(_, level)| *level)
}

fn schedulers() -> usize {
    let mut info = MaybeUninit::<ErlNifSysInfo>::zeroed();
    // SAFETY: the VM writes at most as many bytes as it is told; all of them are plain numbers
    // and pointers, for which zero is valid too.
    let info = unsafe {
        enif_system_info(info.as_mut_ptr(), size_of::<ErlNifSysInfo>());
        info.assume_init()
    };
    usize::try_from(info.scheduler_threads).unwrap_or(1).max(1)
}

/// The value of `key` in a map or a keyword list.
fn lookup<'a>(term: Term<'a>, key: Atom) -> Option<Term<'a>> {
    entries(term)
        .ok()?
        .into_iter()
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value)
}

fn entries(term: Term<'_>) -> Result<Vec<(Atom, Term<'_>)>, String> {
    let wrong = || {
        format!(
            "load_data: cantilever must be a keyword list or a map with atom keys, got: {}",
            inspect::inspect(term)
        )
    };
    if let Some(entries) = rustler::MapIterator::new(term) {
        return entries
            .map(|(key, value)| {
                key.decode()
                    .map(|key: Atom| (key, value))
                    .map_err(|_| wrong())
            })
            .collect();
    }
    let mut entries = Vec::new();
    let mut rest = term;
    while let Ok((head, tail)) = rest.list_get_cell() {
        entries.push(head.decode().map_err(|_| wrong())?);
        rest = tail;
    }
    if rest.is_empty_list() {
        Ok(entries)
    } else {
        Err(wrong())
    }
}
