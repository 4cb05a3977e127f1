//! Admission: how many dirty calls of this library may hold dirty schedulers at once.
//!
//! There are few dirty schedulers, and the VM needs them too: for files, for large collections. So a
//! call beyond the limit waits, first come first served, with its process suspended.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustler::Env;

use crate::errand;
use crate::resource::{Kind, Object, Shared};
use crate::signal::{Signal, Wait};

pub(crate) static DIRTY_CPU: Gate = Gate::new();
pub(crate) static DIRTY_IO: Gate = Gate::new();

/// How many calls of one function may run at once, within what its library may.
pub struct FunctionLimit {
    most: u32,
    /// Changes only under the gate's lock.
    running: AtomicU32,
}

impl FunctionLimit {
    /// At most `most` at once.
    pub const fn new(most: u32) -> Self {
        FunctionLimit {
            most,
            running: AtomicU32::new(0),
        }
    }

    fn has_room(&self) -> bool {
        self.running.load(Ordering::Relaxed) < self.most
    }
}

/// Lets in the calls of one kind of dirty scheduler.
pub(crate) struct Gate {
    most: AtomicUsize,
    calls: Mutex<Calls>,
}

/// A call waits here only as long as there is no room for it: whoever makes room lets it in.
struct Calls {
    running: usize,
    numbers: u64,
    waiting: BTreeMap<u64, Arc<Place>>,
}

/// The right to hold a dirty scheduler.
#[must_use = "a permit that is not given back is lost"]
pub(crate) struct Permit {
    gate: &'static Gate,
    function: &'static FunctionLimit,
}

impl Permit {
    /// Gives the permit back, to whoever has waited longest.
    pub(crate) fn release(self, env: Env<'_>) {
        for place in self.gate.leave(self.function) {
            place.signal.wake_in(env);
        }
    }
}

impl Gate {
    const fn new() -> Self {
        Gate {
            most: AtomicUsize::new(usize::MAX),
            calls: Mutex::new(Calls {
                running: 0,
                numbers: 0,
                waiting: BTreeMap::new(),
            }),
        }
    }

    /// Sets how many calls may hold dirty schedulers from now on.
    pub(crate) fn set_limit(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
        let admitted = self.admit(&mut self.calls());
        admitted.iter().for_each(|place| place.signal.wake());
    }

    /// Lets a call in, if there is room for it.
    pub(crate) fn enter(&'static self, function: &'static FunctionLimit) -> Option<Permit> {
        let entered = self.take(&mut self.calls(), function);
        entered.then_some(Permit {
            gate: self,
            function,
        })
    }

    /// Lets a call in, whether there is room for it or not.
    pub(crate) fn force(&'static self, function: &'static FunctionLimit) -> Permit {
        self.count(&mut self.calls(), function);
        Permit {
            gate: self,
            function,
        }
    }

    /// Lets the calling process queue; `None` outside of a loaded library.
    pub(crate) fn queue(
        &'static self,
        function: &'static FunctionLimit,
        env: Env<'_>,
    ) -> Option<Shared<Ticket>> {
        let place = Arc::new(Place {
            state: AtomicU8::new(Place::WAITING),
            signal: Signal::default(),
            function,
        });
        let number = {
            let mut calls = self.calls();
            calls.numbers += 1;
            calls.numbers
        };
        // Outside of the lock: what the VM does to make a resource is nobody's business here.
        let ticket = Shared::new(Ticket {
            gate: self,
            number,
            place: Arc::clone(&place),
        })?;
        let admitted = {
            let mut calls = self.calls();
            calls.waiting.insert(number, place);
            self.admit(&mut calls)
        };
        admitted.iter().for_each(|place| place.signal.wake_in(env));
        Some(ticket)
    }

    #[must_use]
    fn leave(&self, function: &FunctionLimit) -> Vec<Arc<Place>> {
        let mut calls = self.calls();
        calls.running -= 1;
        function.running.fetch_sub(1, Ordering::Relaxed);
        self.admit(&mut calls)
    }

    /// Takes those out of the queue that there is room for. They are to be woken.
    #[must_use]
    fn admit(&self, calls: &mut Calls) -> Vec<Arc<Place>> {
        let mut admitted = Vec::new();
        while calls.running < self.most.load(Ordering::Relaxed) {
            let next = calls.waiting.iter().find(|(_, place)| place.has_room());
            let Some((&number, _)) = next else { break };
            if let Some(place) = calls.waiting.remove(&number)
                && place.admit()
            {
                self.count(calls, place.function);
                admitted.push(place);
            }
        }
        admitted
    }

    fn take(&self, calls: &mut Calls, function: &FunctionLimit) -> bool {
        let room = calls.running < self.most.load(Ordering::Relaxed) && function.has_room();
        if room {
            self.count(calls, function);
        }
        room
    }

    fn count(&self, calls: &mut Calls, function: &FunctionLimit) {
        calls.running += 1;
        function.running.fetch_add(1, Ordering::Relaxed);
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue.
struct Place {
    state: AtomicU8,
    signal: Signal,
    function: &'static FunctionLimit,
}

impl Place {
    const WAITING: u8 = 0;
    /// It counts as running, though nobody has taken the permit yet.
    const ADMITTED: u8 = 1;
    const GONE: u8 = 2;

    fn has_room(&self) -> bool {
        self.function.has_room()
    }

    /// Whether the call is still there to be let in.
    fn admit(&self) -> bool {
        let (from, to) = (Place::WAITING, Place::ADMITTED);
        self.state
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

/// What a waiting call holds, in a resource: when its process dies, its place goes to the next.
pub(crate) struct Ticket {
    gate: &'static Gate,
    number: u64,
    place: Arc<Place>,
}

impl Object for Ticket {
    const NAME: &'static str = "cantilever.ticket";

    fn kind() -> &'static Kind<Self> {
        static KIND: Kind<Ticket> = Kind::new();
        &KIND
    }
}

impl Ticket {
    /// Has the calling process suspended until it is let in.
    pub(crate) fn suspend_process(&self, env: Env<'_>) -> Wait {
        self.place.signal.suspend(env)
    }

    /// The permit of a call that was let in; one of those that nobody could suspend is let in here.
    pub(crate) fn take(&self) -> Permit {
        let (gate, function) = (self.gate, self.place.function);
        match self.place.state.swap(Place::GONE, Ordering::AcqRel) {
            Place::ADMITTED => Permit { gate, function },
            _ => {
                gate.calls().waiting.remove(&self.number);
                gate.force(function)
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let (gate, number) = (self.gate, self.number);
        match self.place.state.swap(Place::GONE, Ordering::AcqRel) {
            Place::WAITING => errand::run_later(move || {
                gate.calls().waiting.remove(&number);
            }),
            Place::ADMITTED => {
                let function = self.place.function;
                errand::run_later(move || {
                    let admitted = gate.leave(function);
                    admitted.iter().for_each(|place| place.signal.wake());
                });
            }
            _ => {}
        }
    }
}
