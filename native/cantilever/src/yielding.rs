//! Yielding calls: a future that is polled one slice at a time on the schedulers.
//!
//! The first slice runs in the call itself, and most calls end there. If the future has not
//! finished, it moves (as a pointer) into a resource whose only reference is the argument of the
//! next slice, which `enif_schedule_nif` queues. So when the process dies, the VM collects the
//! resource, and the future is dropped on the kit's thread. A future that waits for something
//! else than a checkpoint parks on a dirty I/O scheduler until its waker fires.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
use crate::{panics, raise, reclaim, settings};

/// How long a parked call waits before it looks again whether its caller lives, should the news
/// have missed it.
const PARK_LOOK: Duration = Duration::from_millis(5);

/// How long a parked call keeps its dirty I/O scheduler while others may wait for one.
const PARK_TURN: Duration = Duration::from_millis(10);

static PARKED: AtomicUsize = AtomicUsize::new(0);

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
    info: &'static NifInfo,
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
    /// Makes the future and runs its first slice.
    ///
    /// # Errors
    /// Those of `make`.
    #[inline]
    pub fn run<F, K>(
        self,
        make: impl FnOnce(&Args<'a>) -> Result<F, BadArgument>,
    ) -> Result<Started, BadArgument>
    where
        F: Future + Send + 'static,
        F::Output: IntoReturned<K>,
    {
        let mut task = Task::new(self.state, make(&self.args)?);
        let signal = LazySignal::default();
        self.state.slice.begin(None);
        let env = self.args.env();
        let polled = poll(&signal, self.state, |context| {
            task.poll(context, env, self.info)
        });
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
        orphaned: AtomicBool::new(false),
        signal: OnceLock::new(),
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
    fn poll(
        &mut self,
        state: &ThreadState,
        env: Env<'_>,
        info: &'static NifInfo,
    ) -> Poll<Returned> {
        self.signal.reset();
        poll(&self.signal, state, |context| {
            self.task.poll(context, env, info)
        })
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
    orphaned: AtomicBool,
    signal: OnceLock<Arc<Signal>>,
}

impl Object for Call {
    const NAME: &'static str = "cantilever.call";

    fn kind() -> &'static Kind<Self> {
        static KIND: Kind<Call> = Kind::new();
        &KIND
    }

    fn down(&self) {
        self.orphaned.store(true, Ordering::Release);
        if let Some(signal) = self.signal.get() {
            signal.interrupt();
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
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
            let started = panics::guard_in(state, || {
                N::start(Start {
                    args,
                    info: N::INFO,
                    state,
                })
            });
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
        let Some(call) = Shared::<Call>::from_term(Term::new(env, term)) else {
            return enif_make_badarg(env.as_c_arg());
        };
        let (polled, used) = ThreadState::with(|state| {
            state.slice.begin(Some(Instant::now()));
            let polled = panics::guard_in(state, || run_slice(&call, state, env, N::INFO));
            (polled, state.slice.end())
        });
        match polled {
            Ok(Poll::Pending) => {
                let next = call.next();
                schedule::<N>(env, term, &call, next, used)
            }
            Ok(Poll::Ready(returned)) => {
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

fn run_slice(
    call: &Call,
    state: &ThreadState,
    env: Env<'_>,
    info: &'static NifInfo,
) -> Poll<Returned> {
    // The lock is never contended: only the process that made the call has the resource.
    let mut running = match call.running.try_lock() {
        Ok(running) => running,
        Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => {
            panic!("the call is running already")
        }
    };
    match running.as_mut() {
        Some(running) => running.poll(state, env, info),
        None => panic!("the call has ended already"),
    }
}

impl Call {
    fn next(&self) -> Next {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().map_or(Next::Slice, Running::next)
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
    if let Some(running) = call
        .running
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_ref()
    {
        call.signal
            .get_or_init(|| Arc::clone(running.signal.shared()));
    }
    let monitor = call.monitor.get_or_init(|| call.monitor_caller(env));
    if monitor.is_none() {
        call.orphaned.store(true, Ordering::Release);
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
        let Some(call) = Shared::<Call>::from_term(Term::new(env, term)) else {
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

/// Waits until the call is woken or orphaned, or has to let others onto the dirty scheduler;
/// whether it may go on.
fn wait(call: &Call) -> bool {
    let Some(signal) = call.signal.get() else {
        return true;
    };
    let turn = Instant::now();
    PARKED.fetch_add(1, Ordering::Relaxed);
    let go_on = loop {
        if signal.is_woken() || call.orphaned.load(Ordering::Acquire) {
            break true;
        }
        let crowded = PARKED.load(Ordering::Relaxed) > settings::dirty_io_schedulers() / 2;
        if crowded && turn.elapsed() >= PARK_TURN {
            break false;
        }
        signal.wait(PARK_LOOK);
    };
    PARKED.fetch_sub(1, Ordering::Relaxed);
    go_on
}
