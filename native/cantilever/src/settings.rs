//! What `load_data` says to the kit.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustler::sys::{ErlNifSysInfo, enif_system_info};
use rustler::{Atom, Env, Term};

use crate::{inspect, slice};

static THREADS: AtomicUsize = AtomicUsize::new(1);
static DIRTY_IO: AtomicUsize = AtomicUsize::new(10);

const MOST_THREADS: usize = 1024;
const LONGEST_SLICE_US: u32 = 1000;

mod atoms {
    rustler::atoms! { wrapper = "$cantilever", cantilever, schedulers_online, dirty_io_schedulers, slice_us, threads }
}

/// How many threads the pool has.
pub(crate) fn threads() -> usize {
    THREADS.load(Ordering::Relaxed)
}

/// How many dirty I/O schedulers the VM has.
pub(crate) fn dirty_io_schedulers() -> usize {
    DIRTY_IO.load(Ordering::Relaxed)
}

/// Takes over the settings, and returns the load data that the user gave.
///
/// `Cantilever.Nif` wraps load data as `{:"$cantilever", info, load_data}`, where `info` is a map
/// of what a library cannot ask the VM: `schedulers_online` and `dirty_io_schedulers`. Settings stand in the load data under the key `:cantilever`, in a keyword list or a map.
///
/// # Errors
/// Names the setting that is unknown or wrong.
pub(crate) fn apply<'a>(env: Env<'a>, load_info: Term<'a>) -> Result<Term<'a>, String> {
    let (schedulers, load_data) = unwrap(env, load_info);
    THREADS.store(schedulers, Ordering::Relaxed);
    slice::set_length_us(slice::DEFAULT_SLICE_US);
    if let Some(settings) = lookup(load_data, atoms::cantilever()) {
        for (key, value) in entries(settings)? {
            apply_one(key, value)?;
        }
    }
    Ok(load_data)
}

fn apply_one(key: Atom, value: Term<'_>) -> Result<(), String> {
    let reject = |name: &str, wanted: String| {
        Err(format!(
            "load_data: cantilever: {name} must be {wanted}, got: {}",
            inspect::inspect(value)
        ))
    };
    if key == atoms::slice_us() {
        match value.decode::<u32>() {
            Ok(us) if us <= LONGEST_SLICE_US => slice::set_length_us(us),
            _ => {
                return reject(
                    "slice_us",
                    format!("an integer from 0 to {LONGEST_SLICE_US} (µs)"),
                );
            }
        }
    } else if key == atoms::threads() {
        match value.decode::<usize>() {
            Ok(threads @ 1..=MOST_THREADS) => THREADS.store(threads, Ordering::Relaxed),
            _ => return reject("threads", format!("an integer from 1 to {MOST_THREADS}")),
        }
    } else {
        return Err(format!(
            "load_data: cantilever: unknown setting {}, known are :slice_us and :threads",
            inspect::inspect(key.to_term(value.get_env()))
        ));
    }
    Ok(())
}

fn unwrap<'a>(env: Env<'a>, load_info: Term<'a>) -> (usize, Term<'a>) {
    match load_info.decode::<(Atom, Term<'a>, Term<'a>)>() {
        Ok((tag, info, load_data)) if tag == atoms::wrapper() => {
            let count = |key: Atom| {
                info.map_get(key.to_term(env))
                    .and_then(Term::decode::<usize>)
            };
            if let Ok(dirty_io) = count(atoms::dirty_io_schedulers()) {
                DIRTY_IO.store(dirty_io, Ordering::Relaxed);
            }
            (
                count(atoms::schedulers_online()).unwrap_or_else(|_| schedulers()),
                load_data,
            )
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
