//! Finds calls that hold a scheduler for too long, at next to no cost for those that do not.
//!
//! Reading the clock in each call would cost more than the call. So a call only counts up in a [`Slot`] of its
//! thread when it begins and when it ends, and the watchdog, a thread of the kit's, looks at all slots once per
//! limit. A count that it has seen inside the same call for the limit is noted in the slot, where the end of the
//! call finds it and reports. While no calls are made the watchdog dozes, and when it has dozed for long its thread
//! ends; the next call wakes it, or starts it again.
//!
//! So no call that is shorter than the limit is reported, and each that takes twice as long is (give or take what
//! the system's timers are late). The duration counts from the watchdog's first sight of the call.

mod slot;

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::args::NifInfo;
use crate::outbox::{self, Schedule, SlowCall};
use crate::settings;
use crate::thread_state::ThreadState;
use slot::Sighting;
pub(crate) use slot::Slot;

/// How long nothing must have changed before the watchdog dozes.
const RESTLESS_NS: u64 = if cfg!(test) { 1_000_000 } else { 1_000_000_000 };

/// How long calls go unwatched when the system had no thread to give, before one of them tries again.
const TRIED_AGAIN_NS: u64 = 1_000_000_000;

const OFF: u8 = 0;
/// With a thread that sleeps, or with none.
const DOZING: u8 = 1;
const WATCHING: u8 = 2;

static PHASE: AtomicU8 = AtomicU8::new(OFF);

/// 0 where nothing is watched.
static LIMIT_NS: AtomicU64 = AtomicU64::new(0);

/// When there may be a thread to be had again.
static TRY_AT_NS: AtomicU64 = AtomicU64::new(0);

static SLOTS: Mutex<Vec<&'static Slot>> = Mutex::new(Vec::new());
static WATCHDOG: Mutex<Option<Thread>> = Mutex::new(None);
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Runs `call` on a normal scheduler, which must not unwind, and reports it if it was slow.
#[inline]
pub(crate) fn watch<T>(
    state: &ThreadState,
    info: &'static NifInfo,
    schedule: Schedule,
    call: impl FnOnce() -> T,
) -> T {
    let watched = match (PHASE.load(Ordering::Relaxed), state.slot.get()) {
        (WATCHING, Some(slot)) => Some((slot, slot.enter())),
        (OFF, _) => None,
        (_, slot) => Some(enter_first(state, slot)),
    };
    let outcome = call();
    if let Some((slot, sequence)) = watched
        && slot.leave(sequence)
    {
        report(slot, info, schedule);
    }
    outcome
}

/// Enters the first call of this thread, or since the watchdog dozed off.
#[cold]
fn enter_first(state: &ThreadState, slot: Option<&'static Slot>) -> (&'static Slot, u64) {
    let slot = slot.unwrap_or_else(|| {
        let slot = register();
        state.slot.set(Some(slot));
        slot
    });
    let sequence = slot.enter();
    if now_ns() >= TRY_AT_NS.load(Ordering::Relaxed)
        && PHASE
            .compare_exchange(DOZING, WATCHING, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    {
        rouse();
    }
    (slot, sequence)
}

/// A slot for this thread. Threads of the VM live as long as the node, so it is never given back.
fn register() -> &'static Slot {
    let slot: &'static Slot = Box::leak(Box::default());
    lock(&SLOTS).push(slot);
    slot
}

#[cold]
fn report(slot: &Slot, info: &'static NifInfo, schedule: Schedule) {
    outbox::slow(SlowCall {
        info,
        schedule,
        duration: slot.watched_for(now_ns()),
    });
}

/// Watches for calls that take longer than `limit` from now on, or no more.
pub(crate) fn set_limit(limit: Option<Duration>) {
    let limit_ns = limit.map_or(0, |limit| {
        u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX)
    });
    let watchdog = lock(&WATCHDOG);
    LIMIT_NS.store(limit_ns, Ordering::Release);
    let phase = match (limit_ns, watchdog.as_ref()) {
        (0, _) => OFF,
        // The next call starts it.
        (_, None) => DOZING,
        // One that was about to end finds that it goes on.
        (_, Some(_)) => WATCHING,
    };
    PHASE.store(phase, Ordering::Release);
    if let Some(thread) = watchdog.as_ref() {
        thread.unpark();
    }
}

fn start() -> Option<Thread> {
    let spawned = thread::Builder::new()
        .name("cantilever-watchdog".to_owned())
        .spawn(run);
    match spawned {
        Ok(handle) => Some(handle.thread().clone()),
        Err(error) => {
            log::warn!("slow calls are not watched for: no thread could be started ({error})");
            None
        }
    }
}

fn run() {
    let mut sightings: Vec<Sighting> = Vec::new();
    let mut changed_ns = now_ns();
    loop {
        let limit_ns = LIMIT_NS.load(Ordering::Acquire);
        if limit_ns == 0 {
            let mut watchdog = lock(&WATCHDOG);
            if LIMIT_NS.load(Ordering::Acquire) == 0 {
                *watchdog = None;
                return;
            }
            continue;
        }
        thread::park_timeout(Duration::from_nanos(limit_ns));
        let now = now_ns();
        if look(&mut sightings, now, limit_ns) {
            changed_ns = now;
        } else if now - changed_ns > RESTLESS_NS.max(limit_ns.saturating_mul(2)) {
            if doze(&mut sightings, limit_ns) {
                return;
            }
            changed_ns = now_ns();
        }
    }
}

/// Looks at every slot; whether anything has changed.
fn look(sightings: &mut Vec<Sighting>, now_ns: u64, limit_ns: u64) -> bool {
    let slots = lock(&SLOTS);
    sightings.resize(slots.len(), Sighting::default());
    slots
        .iter()
        .zip(sightings)
        .fold(false, |changed, (slot, sighting)| {
            sighting.renew(slot, now_ns, limit_ns) || changed
        })
}

/// Sleeps until a call is made, or the limit is changed; whether neither has happened for so long that the thread
/// is to end.
fn doze(sightings: &mut Vec<Sighting>, limit_ns: u64) -> bool {
    if PHASE
        .compare_exchange(WATCHING, DOZING, Ordering::AcqRel, Ordering::Relaxed)
        .is_err()
    {
        return false;
    }
    // A call may have begun before its thread saw that. By now it has, or its count has got here.
    thread::park_timeout(Duration::from_nanos(limit_ns));
    if look(sightings, now_ns(), limit_ns) {
        let _ = PHASE.compare_exchange(DOZING, WATCHING, Ordering::AcqRel, Ordering::Relaxed);
    }
    let since = Instant::now();
    while PHASE.load(Ordering::Acquire) == DOZING {
        let left = idle().saturating_sub(since.elapsed());
        if left.is_zero() {
            return end();
        }
        thread::park_timeout(left);
    }
    false
}

fn idle() -> Duration {
    if cfg!(test) {
        Duration::from_millis(1)
    } else {
        settings::threads_idle()
    }
}

/// Whether the thread is to end, as nobody has woken it. From now on, whoever would wake it starts another one.
fn end() -> bool {
    let mut watchdog = lock(&WATCHDOG);
    let ends = PHASE.load(Ordering::Acquire) == DOZING;
    if ends {
        *watchdog = None;
    }
    ends
}

/// Wakes the watchdog, or starts it.
fn rouse() {
    let mut watchdog = lock(&WATCHDOG);
    if let Some(thread) = watchdog.as_ref() {
        return thread.unpark();
    }
    // It may have been turned off meanwhile.
    if LIMIT_NS.load(Ordering::Acquire) == 0 {
        return;
    }
    PHASE.store(WATCHING, Ordering::Release);
    *watchdog = start();
    if watchdog.is_none() {
        TRY_AT_NS.store(now_ns() + TRIED_AGAIN_NS, Ordering::Relaxed);
        PHASE.store(DOZING, Ordering::Release);
    }
}

fn now_ns() -> u64 {
    u64::try_from(EPOCH.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has_thread() -> bool {
        lock(&WATCHDOG).is_some()
    }

    fn until_ended() {
        while has_thread() {
            thread::yield_now();
        }
    }

    /// Makes calls, of which each lasts twice as long as the one before, until one has been found slow.
    fn until_noted() {
        let mut duration = Duration::from_millis(1);
        loop {
            let (slot, sequence) = ThreadState::with(|state| enter_first(state, state.slot.get()));
            thread::sleep(duration);
            if slot.leave(sequence) {
                return;
            }
            duration *= 2;
        }
    }

    // One test, as there is one watchdog.
    #[test]
    fn the_watchdog_has_a_thread_while_calls_are_made_and_watched() {
        for _ in 0..3 {
            set_limit(Some(Duration::from_millis(2)));
            assert!(!has_thread());
            for _ in 0..3 {
                until_noted();
                until_ended();
                assert_eq!(PHASE.load(Ordering::Relaxed), DOZING);
            }
            until_noted();
            set_limit(None);
            assert_eq!(PHASE.load(Ordering::Relaxed), OFF);
            until_ended();
        }

        set_limit(Some(Duration::from_millis(2)));
        let end = Instant::now() + Duration::from_millis(200);
        let callers: Vec<_> = (0..4)
            .map(|number: u64| {
                thread::spawn(move || {
                    while Instant::now() < end {
                        let (slot, sequence) =
                            ThreadState::with(|state| enter_first(state, state.slot.get()));
                        slot.leave(sequence);
                        thread::sleep(Duration::from_millis(number * 3));
                    }
                })
            })
            .collect();
        callers
            .into_iter()
            .for_each(|caller| caller.join().unwrap());
        until_noted();
        set_limit(None);
        until_ended();
    }
}
