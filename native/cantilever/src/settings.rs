//! What `load_data` says to the kit.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustler::sys::{ErlNifSysInfo, enif_system_info};
use rustler::{Atom, Env, Term};

use crate::{inspect, pool, slice};

static THREADS: AtomicUsize = AtomicUsize::new(1);

const MOST_THREADS: usize = 1024;
const LONGEST_SLICE_US: u32 = 2000;

mod atoms {
    rustler::atoms! { wrapper = "$cantilever", cantilever, schedulers_online, slice_us, threads }
}

/// How many threads the pool has.
pub(crate) fn threads() -> usize {
    THREADS.load(Ordering::Relaxed)
}

/// What the load data says to the kit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    slice_us: u32,
    threads: usize,
}

impl Settings {
    /// Reads the settings, and returns the load data that the user gave.
    ///
    /// `Cantilever.Nif` wraps load data as `{:"$cantilever", info, load_data}`, where `info` is a
    /// map of what a library cannot ask the VM: `schedulers_online`. Settings stand in the load
    /// data under the key `:cantilever`, in a keyword list or a map.
    ///
    /// # Errors
    /// Names the setting that is unknown or wrong.
    pub(crate) fn read<'a>(
        env: Env<'a>,
        load_info: Term<'a>,
    ) -> Result<(Settings, Term<'a>), String> {
        let (threads, load_data) = unwrap(env, load_info);
        let mut settings = Settings {
            slice_us: slice::DEFAULT_SLICE_US,
            threads,
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
        if key == atoms::slice_us() {
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
                "load_data: cantilever: unknown setting {key}, known are :slice_us and :threads"
            ));
        }
        Ok(())
    }
}

fn unwrap<'a>(env: Env<'a>, load_info: Term<'a>) -> (usize, Term<'a>) {
    match load_info.decode::<(Atom, Term<'a>, Term<'a>)>() {
        Ok((tag, info, load_data)) if tag == atoms::wrapper() => {
            let online = info
                .map_get(atoms::schedulers_online().to_term(env))
                .and_then(Term::decode::<usize>)
                .unwrap_or_else(|_| schedulers());
            (online, load_data)
        }
        _ => (schedulers(), load_info),
    }
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
