//! What `load_data` says to the kit.

use std::mem::MaybeUninit;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use log::LevelFilter;
use rustler::sys::{ErlNifSysInfo, enif_system_info};
use rustler::{Atom, Decoder, Env, Term};

use crate::{admission, inspect, log_level, logger, pool, slice, watchdog};

static THREADS: AtomicUsize = AtomicUsize::new(1);
static THREADS_NICE: AtomicI32 = AtomicI32::new(DEFAULT_NICE);
static THREADS_IDLE_MS: AtomicU64 = AtomicU64::new(DEFAULT_IDLE_MS);

const MOST_THREADS: usize = 1024;
const DEFAULT_NICE: i32 = 0;
const NICEST: i32 = 19;
const DEFAULT_IDLE_MS: u64 = 60_000;
const LONGEST_IDLE_MS: u64 = 3_600_000;
const LONGEST_SLICE_US: u32 = 2000;
/// The VM's own default.
const DIRTY_IO_SCHEDULERS: usize = 10;
const DEFAULT_SLOW_MS: u64 = 1;
const LONGEST_SLOW_MS: u64 = 60_000;
const KNOWN: &str = ":dirty_cpu_limit, :dirty_io_limit, :log, :slice_us, :slow_ms, :threads, \
    :threads_idle_ms and :threads_nice";

mod atoms {
    rustler::atoms! {
        wrapper = "$cantilever",
        cantilever,
        schedulers_online,
        dirty_cpu_schedulers_online,
        dirty_io_schedulers,
        log_level,
        builds,
        log,
        slow_ms,
        off,
        slice_us,
        threads,
        threads_idle_ms,
        threads_nice,
        dirty_cpu_limit,
        dirty_io_limit,
        infinity,
    }
}

/// How many threads the pool has.
pub(crate) fn threads() -> usize {
    THREADS.load(Ordering::Relaxed)
}

/// The niceness of the pool's threads.
pub(crate) fn threads_nice() -> i32 {
    THREADS_NICE.load(Ordering::Relaxed)
}

/// How long threads of the library are kept that have nothing to do.
pub(crate) fn threads_idle() -> Duration {
    Duration::from_millis(THREADS_IDLE_MS.load(Ordering::Relaxed))
}

/// What the load data says to the kit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    log: LevelFilter,
    slow: Option<Duration>,
    slice_us: u32,
    threads: usize,
    threads_nice: i32,
    threads_idle_ms: u64,
    dirty_cpu_limit: usize,
    dirty_io_limit: usize,
}

impl Settings {
    /// Reads the settings from what [`unwrap`] gives: they stand in the user's load data under the key
    /// `:cantilever`, in a keyword list or a map.
    ///
    /// # Errors
    /// Names the setting that is unknown or wrong.
    pub(crate) fn read<'a>(
        env: Env<'a>,
        vm: Option<Term<'a>>,
        load_data: Term<'a>,
    ) -> Result<Settings, String> {
        let mut settings = Settings::of_vm(env, vm);
        if let Some(given) = lookup(load_data, atoms::cantilever()) {
            for (key, value) in entries(given)? {
                settings.set(key, value)?;
            }
        }
        Ok(settings)
    }

    /// The defaults: of the dirty schedulers, one of each kind is left to the VM and to others.
    fn of_vm(env: Env<'_>, vm: Option<Term<'_>>) -> Settings {
        let told = |key: Atom| vm.and_then(|vm| vm.map_get(key.to_term(env)).ok());
        let number = |key: Atom, unknown: usize| {
            told(key)
                .and_then(|number| number.decode::<usize>().ok())
                .unwrap_or(unknown)
        };
        let schedulers = schedulers();
        let but_one = |number: usize| number.saturating_sub(1).max(1);
        Settings {
            log: told(atoms::log_level())
                .and_then(|level| log_level::of_vm(level.decode().ok()?))
                .unwrap_or(LevelFilter::Info),
            slow: Some(Duration::from_millis(DEFAULT_SLOW_MS)),
            slice_us: slice::DEFAULT_SLICE_US,
            threads: number(atoms::schedulers_online(), schedulers),
            threads_nice: DEFAULT_NICE,
            threads_idle_ms: DEFAULT_IDLE_MS,
            dirty_cpu_limit: but_one(number(atoms::dirty_cpu_schedulers_online(), schedulers)),
            dirty_io_limit: but_one(number(atoms::dirty_io_schedulers(), DIRTY_IO_SCHEDULERS)),
        }
    }

    /// Has them hold from now on.
    pub(crate) fn apply(self) {
        slice::set_length_us(self.slice_us);
        logger::install(self.log);
        THREADS_IDLE_MS.store(self.threads_idle_ms, Ordering::Relaxed);
        watchdog::set_limit(self.slow);
        let other_number = THREADS.swap(self.threads, Ordering::Relaxed) != self.threads;
        let other_nice =
            THREADS_NICE.swap(self.threads_nice, Ordering::Relaxed) != self.threads_nice;
        if other_number || other_nice {
            pool::stop();
        }
        admission::DIRTY_CPU.set_limit(self.dirty_cpu_limit);
        admission::DIRTY_IO.set_limit(self.dirty_io_limit);
    }

    fn set(&mut self, key: Atom, value: Term<'_>) -> Result<(), String> {
        if key == atoms::log() {
            let wanted = ":off, :error, :warning, :info, :debug or :trace";
            self.log = (value.decode().ok())
                .and_then(log_level::of_setting)
                .ok_or_else(|| wrong("log", wanted, value))?;
        } else if key == atoms::slow_ms() {
            self.slow = slow(value)?;
        } else if key == atoms::slice_us() {
            let wanted = format!("an integer from 0 to {LONGEST_SLICE_US} (µs)");
            self.slice_us = integer(value, 0..=LONGEST_SLICE_US)
                .ok_or_else(|| wrong("slice_us", &wanted, value))?;
        } else if key == atoms::threads() {
            let wanted = format!("an integer from 1 to {MOST_THREADS}");
            self.threads =
                integer(value, 1..=MOST_THREADS).ok_or_else(|| wrong("threads", &wanted, value))?;
        } else if key == atoms::threads_nice() {
            let wanted = format!("an integer from 0 to {NICEST}");
            self.threads_nice =
                integer(value, 0..=NICEST).ok_or_else(|| wrong("threads_nice", &wanted, value))?;
        } else if key == atoms::threads_idle_ms() {
            let wanted = format!("an integer from 1 to {LONGEST_IDLE_MS} (ms)");
            self.threads_idle_ms = integer(value, 1..=LONGEST_IDLE_MS)
                .ok_or_else(|| wrong("threads_idle_ms", &wanted, value))?;
        } else if key == atoms::dirty_cpu_limit() {
            self.dirty_cpu_limit = limit("dirty_cpu_limit", value)?;
        } else if key == atoms::dirty_io_limit() {
            self.dirty_io_limit = limit("dirty_io_limit", value)?;
        } else {
            return Err(format!(
                "load_data: cantilever: unknown setting {}, known are {KNOWN}",
                inspect::inspect(key.to_term(value.get_env()))
            ));
        }
        Ok(())
    }
}

fn wrong(name: &str, wanted: &str, value: Term<'_>) -> String {
    let value = inspect::inspect(value);
    format!("load_data: cantilever: {name} must be {wanted}, got: {value}")
}

fn integer<'a, T: Decoder<'a> + PartialOrd>(
    value: Term<'a>,
    range: RangeInclusive<T>,
) -> Option<T> {
    value.decode().ok().filter(|number| range.contains(number))
}

fn limit(name: &str, value: Term<'_>) -> Result<usize, String> {
    if value
        .decode()
        .is_ok_and(|atom: Atom| atom == atoms::infinity())
    {
        return Ok(usize::MAX);
    }
    integer(value, 1..=MOST_THREADS).ok_or_else(|| {
        let wanted = format!("an integer from 1 to {MOST_THREADS}, or :infinity");
        wrong(name, &wanted, value)
    })
}

fn slow(value: Term<'_>) -> Result<Option<Duration>, String> {
    if value.decode().is_ok_and(|atom: Atom| atom == atoms::off()) {
        return Ok(None);
    }
    match integer(value, 1..=LONGEST_SLOW_MS) {
        Some(ms) => Ok(Some(Duration::from_millis(ms))),
        None => {
            let wanted = format!("an integer from 1 to {LONGEST_SLOW_MS} (ms) or :off");
            Err(wrong("slow_ms", &wanted, value))
        }
    }
}

/// What a library cannot ask the VM, and the load data that the user gave: `Cantilever.Nif` wraps them as
/// `{:"$cantilever", vm, load_data}`, where `vm` is a map.
pub(crate) fn unwrap(load_info: Term<'_>) -> (Option<Term<'_>>, Term<'_>) {
    match load_info.decode::<(Atom, Term<'_>, Term<'_>)>() {
        Ok((tag, vm, load_data)) if tag == atoms::wrapper() => (Some(vm), load_data),
        _ => (None, load_info),
    }
}

/// Whether the module that loads the library has the function that tells of builds.
pub(crate) fn has_builds(env: Env<'_>, vm: Option<Term<'_>>) -> bool {
    vm.is_some_and(|vm| vm.map_get(atoms::builds().to_term(env)).is_ok())
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
    let env = term.get_env();
    if term.is_map() {
        return term.map_get(key.to_term(env)).ok();
    }
    let mut rest = term;
    while let Ok((head, tail)) = rest.list_get_cell() {
        // What else is in the list is the user's own.
        match head.decode::<(Atom, Term<'a>)>() {
            Ok((name, value)) if name == key => return Some(value),
            _ => rest = tail,
        }
    }
    None
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
