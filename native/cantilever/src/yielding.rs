//! Yielding calls: a future that is polled one slice at a time on the schedulers.
//!
//! The first slice runs in the call itself, and most calls end there. If the future has not
//! finished, it moves (as a pointer) into a resource whose only reference is the argument of the
//! next slice, which `enif_schedule_nif` queues. So when the process dies, the VM collects the
//! resource, and the future is dropped on the kit's thread. A future that waits for something
//! else than a checkpoint parks on a dirty I/O scheduler until its waker fires.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, TryLockError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rustler::codegen_runtime::c_int;
use rustler::sys::{
    ERL_NIF_DIRTY_JOB_IO_BOUND, ERL_NIF_NORMAL_JOB, ErlNifEnv, ErlNifTerm, enif_consume_timeslice,
    enif_make_badarg, enif_schedule_nif,
};
use rustler::{Env, Term};

use crate::args::{Args, BadArgument, NifInfo};
use crate::resource::{Kind, Monitor, Object, Shared};
use crate::returned::{IntoReturned, Returned};
use crate::signal::{LazySignal, Signal};
use crate::task::{ErasedTask, Task};
use crate::thread_state::ThreadState;
use crate::{panics, raise, reclaim};

/// How many calls wait for something else than a slice, on a dirty I/O scheduler or for one.
static PARKED: AtomicU64 = AtomicU64::new(0);

/// How long a parked call keeps its dirty I/O scheduler before it queues again behind whatever
/// else wants one: with 10 schedulers, their default number, others wait for about 40 ms. A turn
/// costs about 10 µs, which bounds how short it may be.
fn park_turn(parked: u64) -> Duration {
    Duration::from_micros((400_000 / parked.max(1)).clamp(2_000, 10_000))
}

/// A function that yields; implemented by the macro.
pub trait YieldingNif {
    /// Its name and arity.
    const INFO: &'static NifInfo;

    /// Decodes, makes the future, and hands it to [`Start::run`].
    ///
    /// # Errors
    /// Says which argument does not decode.
    fn start(start: Start<'_, '_>) -> Result<Started, BadArgument>;
}

/// A call that is about to begin.
pub struct Start<'a, 's> {
    args: Args<'a>,
    state: &'s ThreadState,
}

/// A call that has run its first slice.
pub struct Started(Progress);

enum Progress {
    Done(Returned),
    Unfinished(Shared<Call>, Next),
}

/// What a call that has not finished waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Slice,
    WakeUp,
}

impl<'a> Start<'a, '_> {
    /// Makes the future and runs its first slice, which begins with decoding if that `may_be_long`.
    ///
    /// # Errors
    /// Those of `make`.
    #[inline]
    pub fn run<F, K>(
        self,
        may_be_long: bool,
        make: impl FnOnce(&Args<'a>) -> Result<F, BadArgument>,
    ) -> Result<Started, BadArgument>
    where
        F: Future + Send + 'static,
        F::Output: IntoReturned<K>,
    {
        self.state.slice.begin(may_be_long.then(Instant::now));
        let mut task = Task::new(self.state, make(&self.args)?);
        let signal = LazySignal::default();
        let env = self.args.env();
        let polled = poll(&signal, self.state, |context| task.poll(context, env));
        Ok(Started(match polled {
            Poll::Ready(returned) => Progress::Done(returned),
            Poll::Pending => suspend(Running {
                task: task.erase(),
                signal,
            }),
        }))
    }
}

/// Polls until the future is done, waits, or has used up its slice.
#[inline]
fn poll(
    signal: &LazySignal,
    state: &ThreadState,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<Returned>,
) -> Poll<Returned> {
    signal.with_waker(|waker| {
        let mut context = Context::from_waker(waker);
        loop {
            let polled = poll(&mut context);
            // One that wakes itself without a checkpoint goes on within its slice.
            if polled.is_ready() || !signal.is_woken() || state.slice.is_over() {
                return polled;
            }
            signal.reset();
        }
    })
}

#[cold]
fn suspend(running: Running) -> Progress {
    let next = running.next();
    let Some(call) = Shared::new(Call {
        running: Mutex::new(Some(running)),
        monitor: OnceLock::new(),
        signal: OnceLock::new(),
        parked: AtomicBool::new(false),
    }) else {
        panic!("a Yielding function needs a library that `cantilever::init!` has initialised");
    };
    Progress::Unfinished(call, next)
}

struct Running {
    task: ErasedTask,
    signal: LazySignal,
}

impl Running {
    fn poll(&mut self, state: &ThreadState, env: Env<'_>) -> Poll<Returned> {
        self.signal.reset();
        poll(&self.signal, state, |context| self.task.poll(context, env))
    }

    fn next(&self) -> Next {
        if self.signal.is_woken() {
            Next::Slice
        } else {
            Next::WakeUp
        }
    }
}

pub(crate) struct Call {
    running: Mutex<Option<Running>>,
    monitor: OnceLock<Option<Monitor>>,
    signal: OnceLock<Arc<Signal>>,
    parked: AtomicBool,
}

impl Object for Call {
    const NAME: &'static str = "cantilever.call";

    fn kind() -> &'static Kind<Self> {
        static KIND: Kind<Call> = Kind::new();
        &KIND
    }

    fn down(&self) {
        if let Some(signal) = self.signal.get() {
            signal.interrupt();
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.unpark();
        let running = self
            .running
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = running.take() {
            reclaim::drop_later(running);
        }
    }
}

/// What the VM calls first.
///
/// # Safety
/// Only the VM may call it, as a native function of `N`'s arity.
pub unsafe extern "C" fn call_yielding<N: YieldingNif>(
    env: *mut ErlNifEnv,
    argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    let scope = ();
    // SAFETY: the VM passes its environment for this call and `argc` terms of it; `scope` gives
    // the environment a lifetime of its own, that of this call.
    unsafe {
        let env = Env::new(&scope, env);
        let args = Args::new(env, N::INFO, argc, argv);
        let (started, used) = ThreadState::with(|state| {
            let started = panics::guard_in(state, || N::start(Start { args, state }));
            (started, state.slice.end())
        });
        match started {
            Ok(Ok(Started(Progress::Done(returned)))) => {
                if let Some(percent) = used {
                    enif_consume_timeslice(env.as_c_arg(), percent.max(1));
                }
                returned.into_term()
            }
            Ok(Ok(Started(Progress::Unfinished(call, next)))) => {
                let term = call.to_term(env).as_c_arg();
                schedule::<N>(env, term, &call, next, used)
            }
            Ok(Err(bad)) => raise::bad_argument(env, &bad),
            Err(report) => raise::panic(env, N::INFO, &report),
        }
    }
}

/// What the VM calls for every slice after the first.
///
/// # Safety
/// Only the VM may call it, with one argument: the resource of a call of `N`.
unsafe extern "C" fn resume<N: YieldingNif>(
    env: *mut ErlNifEnv,
    _argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    let scope = ();
    // SAFETY: the VM passes its environment for this call and one term of it.
    unsafe {
        let env = Env::new(&scope, env);
        let term = *argv;
        let Some(call) = Shared::<Call>::borrow(Term::new(env, term)) else {
            return enif_make_badarg(env.as_c_arg());
        };
        let (outcome, used) = ThreadState::with(|state| {
            state.slice.begin(Some(Instant::now()));
            let outcome = panics::guard_in(state, || run_slice(&call, state, env));
            (outcome, state.slice.end())
        });
        match outcome {
            Ok(Err(next)) => schedule::<N>(env, term, &call, next, used),
            Ok(Ok(returned)) => {
                enif_consume_timeslice(env.as_c_arg(), used.unwrap_or(1).max(1));
                finish(&call, env);
                returned.into_term()
            }
            Err(report) => {
                finish(&call, env);
                raise::panic(env, N::INFO, &report)
            }
        }
    }
}

/// The value of the call, or what it waits for.
fn run_slice(call: &Call, state: &ThreadState, env: Env<'_>) -> Result<Returned, Next> {
    // The lock is never contended: only the process that made the call has the resource.
    let mut running = match call.running.try_lock() {
        Ok(running) => running,
        Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => {
            panic!("the call is running already")
        }
    };
    match running.as_mut() {
        Some(running) => match running.poll(state, env) {
            Poll::Ready(returned) => Ok(returned),
            Poll::Pending => Err(running.next()),
        },
        None => panic!("the call has ended already"),
    }
}

impl Call {
    fn park(&self) {
        if !self.parked.swap(true, Ordering::Relaxed) {
            PARKED.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn unpark(&self) {
        if self.parked.load(Ordering::Relaxed) && self.parked.swap(false, Ordering::Relaxed) {
            PARKED.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn take(&self) -> Option<Running> {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// Drops what is left of the future, in the process that ran it.
fn finish(call: &Shared<Call>, env: Env<'_>) {
    if let Some(Some(monitor)) = call.monitor.get() {
        call.demonitor(env, monitor);
    }
    let running = call.take();
    if let Err(report) = panics::guard(|| drop(running)) {
        reclaim::log_panic(*report);
    }
}

/// Queues the next step of `call`, which `term` refers to.
///
/// # Safety
/// The result must be returned to the VM by the native function that `env` belongs to.
unsafe fn schedule<N: YieldingNif>(
    env: Env<'_>,
    term: ErlNifTerm,
    call: &Shared<Call>,
    next: Next,
    used: Option<i32>,
) -> ErlNifTerm {
    // SAFETY: as the function's contract says; the name ends in NUL, and `term` belongs to `env`.
    unsafe {
        let (flags, function) = match next {
            Next::Slice => (ERL_NIF_NORMAL_JOB, resume::<N> as NativeFn),
            Next::WakeUp => {
                watch(call, env);
                (ERL_NIF_DIRTY_JOB_IO_BOUND, park::<N> as NativeFn)
            }
        };
        enif_consume_timeslice(env.as_c_arg(), used.unwrap_or(1).max(1));
        let name = N::INFO.name.as_ptr().cast();
        enif_schedule_nif(env.as_c_arg(), name, flags as c_int, function, 1, &term)
    }
}

type NativeFn = unsafe extern "C" fn(*mut ErlNifEnv, c_int, *const ErlNifTerm) -> ErlNifTerm;

/// Has a parked call told when its caller dies.
fn watch(call: &Shared<Call>, env: Env<'_>) {
    call.park();
    let running = call.running.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(running) = running.as_ref() else {
        return;
    };
    let signal = call
        .signal
        .get_or_init(|| Arc::clone(running.signal.shared()));
    if call
        .monitor
        .get_or_init(|| call.monitor_caller(env))
        .is_none()
    {
        signal.interrupt();
    }
}

/// What the VM calls on a dirty I/O scheduler while the future waits.
///
/// # Safety
/// Only the VM may call it, with one argument: the resource of a call of `N`.
unsafe extern "C" fn park<N: YieldingNif>(
    env: *mut ErlNifEnv,
    _argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    let scope = ();
    // SAFETY: the VM passes its environment for this call and one term of it; the name ends in NUL.
    unsafe {
        let env = Env::new(&scope, env);
        let term = *argv;
        let Some(call) = Shared::<Call>::borrow(Term::new(env, term)) else {
            return enif_make_badarg(env.as_c_arg());
        };
        let name = N::INFO.name.as_ptr().cast();
        let (flags, function) = if wait(&call) {
            (ERL_NIF_NORMAL_JOB, resume::<N> as NativeFn)
        } else {
            (ERL_NIF_DIRTY_JOB_IO_BOUND, park::<N> as NativeFn)
        };
        enif_schedule_nif(env.as_c_arg(), name, flags as c_int, function, 1, &term)
    }
}

/// Waits for a turn; whether the call may go on.
fn wait(call: &Call) -> bool {
    let Some(signal) = call.signal.get() else {
        return true;
    };
    if !signal.is_woken() && !signal.is_interrupted() {
        signal.wait(park_turn(PARKED.load(Ordering::Relaxed)));
    }
    let go_on = signal.is_woken() || signal.is_interrupted();
    if go_on {
        call.unpark();
    }
    go_on
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_get_shorter_when_many_calls_are_parked() {
        assert_eq!(park_turn(0), Duration::from_millis(10));
        assert_eq!(park_turn(40), Duration::from_millis(10));
        assert_eq!(park_turn(100), Duration::from_millis(4));
        assert_eq!(park_turn(10_000), Duration::from_millis(2));
    }
}
