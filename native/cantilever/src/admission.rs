//! Admission: how many dirty calls of this library may hold dirty schedulers at once.
//!
//! There are few dirty schedulers, and the VM needs them too: for files, for large collections. So a
//! call beyond the limit waits, first come first served, with its process suspended.

use std::collections::BTreeMap;
use std::ptr;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustler::Env;

use crate::errand;
use crate::resource::{Kind, Object, Shared};
use crate::signal::{Signal, Wait};
use crate::worker::Lease;

pub(crate) static DIRTY_CPU: Gate = Gate::new();
pub(crate) static DIRTY_IO: Gate = Gate::new();

/// How many calls of one function may run at once, within what its library may.
pub struct FunctionLimit {
    most: u32,
    /// Those that run, or that only wait for the library's limit. Changes under the gate's lock only.
    admitted: AtomicU32,
}

impl FunctionLimit {
    /// At most `most` at once.
    pub const fn new(most: u32) -> Self {
        FunctionLimit {
            most,
            admitted: AtomicU32::new(0),
        }
    }

    fn has_room(&self) -> bool {
        self.admitted.load(Ordering::Relaxed) < self.most
    }

    fn admit(&self) {
        self.admitted.fetch_add(1, Ordering::Relaxed);
    }

    fn leave(&self) {
        self.admitted.fetch_sub(1, Ordering::Relaxed);
    }

    /// Tells it from other functions.
    fn key(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}

/// Lets in the calls of one kind of dirty scheduler.
pub(crate) struct Gate {
    most: AtomicUsize,
    calls: Mutex<Calls>,
}

/// A call waits here only as long as there is no room for it: whoever makes room lets it in. Those that
/// wait for their function's limit are kept apart, so that a long queue of them is in nobody's way.
struct Calls {
    running: usize,
    numbers: u64,
    waiting: BTreeMap<u64, Arc<Place>>,
    waiting_for_function: BTreeMap<usize, BTreeMap<u64, Arc<Place>>>,
}

impl Calls {
    fn enter(&mut self, function: &FunctionLimit) {
        self.running += 1;
        function.admit();
    }

    fn queue(&mut self, number: u64, place: Arc<Place>) {
        let function = place.function;
        if function.has_room() {
            function.admit();
            self.waiting.insert(number, place);
        } else {
            let others = self.waiting_for_function.entry(function.key()).or_default();
            others.insert(number, place);
        }
    }

    /// One call less of `function`: the next one that waits for it is admitted to the library's queue.
    fn leave_function(&mut self, function: &FunctionLimit) {
        function.leave();
        let Some(others) = self.waiting_for_function.get_mut(&function.key()) else {
            return;
        };
        if function.has_room()
            && let Some((number, place)) = others.pop_first()
        {
            function.admit();
            self.waiting.insert(number, place);
        }
        if others.is_empty() {
            self.waiting_for_function.remove(&function.key());
        }
    }

    fn forget(&mut self, number: u64, function: &FunctionLimit) {
        if self.waiting.remove(&number).is_some() {
            self.leave_function(function);
        } else if let Some(others) = self.waiting_for_function.get_mut(&function.key()) {
            others.remove(&number);
            if others.is_empty() {
                self.waiting_for_function.remove(&function.key());
            }
        }
    }

    /// Takes those out of the queue that there is room for. They are to be woken.
    #[must_use]
    fn admit(&mut self, most: usize) -> Vec<Arc<Place>> {
        let mut admitted = Vec::new();
        while self.running < most
            && let Some((_number, place)) = self.waiting.pop_first()
        {
            if place.admit() {
                self.running += 1;
                admitted.push(place);
            } else {
                self.leave_function(place.function);
            }
        }
        admitted
    }
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
                waiting_for_function: BTreeMap::new(),
            }),
        }
    }

    /// Sets how many calls may hold dirty schedulers from now on.
    pub(crate) fn set_limit(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
        self.change(|_calls| ()).iter().for_each(Place::wake);
    }

    /// Lets a call in, if there is room for it. (Then nobody waits for the library's limit.)
    pub(crate) fn enter(&'static self, function: &'static FunctionLimit) -> Option<Permit> {
        let mut calls = self.calls();
        if calls.running >= self.most() || !function.has_room() {
            return None;
        }
        calls.enter(function);
        Some(Permit {
            gate: self,
            function,
        })
    }

    /// Lets a call in, whether there is room for it or not.
    pub(crate) fn force(&'static self, function: &'static FunctionLimit) -> Permit {
        self.calls().enter(function);
        Permit {
            gate: self,
            function,
        }
    }

    /// Lets the calling process queue; `None` outside of a loaded library, and where the system has no thread to
    /// give for what is to be done if the process dies.
    pub(crate) fn queue(
        &'static self,
        function: &'static FunctionLimit,
        env: Env<'_>,
    ) -> Option<Shared<Ticket>> {
        let errands = errand::lease()?;
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
            _errands: errands,
        })?;
        let admitted = self.change(|calls| calls.queue(number, place));
        admitted.iter().for_each(|place| place.signal.wake_in(env));
        Some(ticket)
    }

    #[must_use]
    fn leave(&self, function: &FunctionLimit) -> Vec<Arc<Place>> {
        self.change(|calls| {
            calls.running -= 1;
            calls.leave_function(function);
        })
    }

    #[must_use]
    fn forget(&self, number: u64, function: &FunctionLimit) -> Vec<Arc<Place>> {
        self.change(|calls| calls.forget(number, function))
    }

    /// Makes a change, and returns whom it lets in.
    fn change(&self, change: impl FnOnce(&mut Calls)) -> Vec<Arc<Place>> {
        let mut calls = self.calls();
        change(&mut calls);
        calls.admit(self.most())
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
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

    fn wake(self: &Arc<Self>) {
        self.signal.wake();
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
    /// Passing it on is an errand.
    _errands: Lease,
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
                let permit = gate.force(function);
                let admitted = gate.forget(self.number, function);
                admitted.iter().for_each(Place::wake);
                permit
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let (gate, number, function) = (self.gate, self.number, self.place.function);
        match self.place.state.swap(Place::GONE, Ordering::AcqRel) {
            Place::WAITING => errand::run_later(move || {
                gate.forget(number, function).iter().for_each(Place::wake);
            }),
            Place::ADMITTED => errand::run_later(move || {
                gate.leave(function).iter().for_each(Place::wake);
            }),
            _ => {}
        }
    }
}
