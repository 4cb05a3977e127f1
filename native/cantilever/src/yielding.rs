//! Yielding calls: a future that is polled one slice at a time on the schedulers.
//!
//! The first slice runs in the call itself, and most calls end there. If the future has not
//! finished, it moves (as a pointer) into a resource whose only reference is the argument of the
//! next slice, which `enif_schedule_nif` queues. So when the process dies, the VM collects the
//! resource, and the future is dropped on the kit's thread. While a future waits for something
//! else than a checkpoint, its process is suspended until the waker fires.

use std::future::Future;
use std::task::Poll;
use std::time::Instant;

use rustler::codegen_runtime::c_int;
use rustler::sys::{
    ERL_NIF_DIRTY_JOB_IO_BOUND, ERL_NIF_NORMAL_JOB, ErlNifEnv, ErlNifTerm, enif_consume_timeslice,
    enif_make_badarg, enif_schedule_nif,
};
use rustler::{Env, Term};

use crate::args::{Args, BadArgument, NifInfo};
use crate::call::{self, Call, Next, Running};
use crate::outbox::Schedule;
use crate::resource::Shared;
use crate::returned::{IntoReturned, Returned};
use crate::signal::LazySignal;
use crate::task::Task;
use crate::thread_state::ThreadState;
use crate::{init, panics, raise, watchdog};

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
        let polled = call::poll(&signal, self.state, |context| task.poll(context, env));
        Ok(Started(match polled {
            Poll::Ready(returned) => Progress::Done(returned),
            Poll::Pending => suspend(Running {
                task: task.erase(),
                signal,
            }),
        }))
    }
}

#[cold]
fn suspend(running: Running) -> Progress {
    match Call::suspend(running) {
        Some((call, next)) => Progress::Unfinished(call, next),
        None => {
            panic!("a Yielding function needs a library that `cantilever::init!` has initialised")
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
    init::settle();
    // SAFETY: the VM passes its environment for this call and `argc` terms of it; `scope` gives
    // the environment a lifetime of its own, that of this call.
    unsafe {
        let env = Env::new(&scope, env);
        let args = Args::new(env, N::INFO, argc, argv);
        let (started, used) = ThreadState::with(|state| {
            let started = watchdog::watch(state, N::INFO, Schedule::Yielding, || {
                panics::guard_in(state, || N::start(Start { args, state }))
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
                schedule::<N>(env, term, next, used)
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
    // SAFETY: as the function's contract says.
    unsafe {
        with_call(env, argv, |env, term, call| {
            let (outcome, used) = ThreadState::with(|state| {
                let outcome = watchdog::watch(state, N::INFO, Schedule::Yielding, || {
                    let outcome = panics::guard_in(state, || call.run_slice(state, env));
                    if !matches!(outcome, Ok(Err(_))) {
                        call.finish(env);
                    }
                    outcome
                });
                (outcome, state.slice.end())
            });
            if !matches!(outcome, Ok(Err(_))) {
                enif_consume_timeslice(env.as_c_arg(), used.unwrap_or(1).max(1));
            }
            match outcome {
                Ok(Err(next)) => schedule::<N>(env, term, next, used),
                Ok(Ok(returned)) => returned.into_term(),
                Err(report) => raise::panic(env, N::INFO, &report),
            }
        })
    }
}

/// What the VM calls while the future waits: until the process is suspended, and after that.
///
/// # Safety
/// Only the VM may call it, with one argument: the resource of a call of `N`.
unsafe extern "C" fn wait<N: YieldingNif>(
    env: *mut ErlNifEnv,
    _argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    // SAFETY: as the function's contract says.
    unsafe {
        with_call(env, argv, |env, term, call| {
            let next = call.suspend_process(env);
            if next == Next::WakeUp {
                enif_consume_timeslice(env.as_c_arg(), 100);
            }
            queue::<N>(env, term, next)
        })
    }
}

/// What the VM calls on a dirty I/O scheduler while the future waits and nobody can suspend it.
///
/// # Safety
/// Only the VM may call it, with one argument: the resource of a call of `N`.
unsafe extern "C" fn park<N: YieldingNif>(
    env: *mut ErlNifEnv,
    _argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    // SAFETY: as the function's contract says.
    unsafe {
        with_call(env, argv, |env, term, call| {
            let next = if call.wait() {
                Next::Slice
            } else {
                Next::Parked
            };
            queue::<N>(env, term, next)
        })
    }
}

/// Calls `step` with the call that the only argument refers to.
///
/// # Safety
/// Only for a function that the VM calls with one argument; what it returns goes to the VM.
unsafe fn with_call(
    env: *mut ErlNifEnv,
    argv: *const ErlNifTerm,
    step: impl FnOnce(Env<'_>, ErlNifTerm, &Shared<Call>) -> ErlNifTerm,
) -> ErlNifTerm {
    let scope = ();
    // SAFETY: the VM passes its environment for this call and one term of it; `scope` gives the
    // environment a lifetime of its own, that of this call.
    unsafe {
        let env = Env::new(&scope, env);
        let term = *argv;
        match Shared::<Call>::borrow(Term::new(env, term)) {
            Some(call) => step(env, term, &call),
            None => enif_make_badarg(env.as_c_arg()),
        }
    }
}

/// Queues the next step of the call that `term` refers to, and books the time that was `used`.
///
/// # Safety
/// The result must be returned to the VM by the native function that `env` belongs to.
unsafe fn schedule<N: YieldingNif>(
    env: Env<'_>,
    term: ErlNifTerm,
    next: Next,
    used: Option<i32>,
) -> ErlNifTerm {
    // SAFETY: as the function's contract says.
    unsafe {
        enif_consume_timeslice(env.as_c_arg(), used.unwrap_or(1).max(1));
        queue::<N>(env, term, next)
    }
}

/// Queues a step of the call that `term` refers to.
///
/// # Safety
/// As for [`schedule`].
unsafe fn queue<N: YieldingNif>(env: Env<'_>, term: ErlNifTerm, next: Next) -> ErlNifTerm {
    type Step = unsafe extern "C" fn(*mut ErlNifEnv, c_int, *const ErlNifTerm) -> ErlNifTerm;
    let (flags, step) = match next {
        Next::Slice => (ERL_NIF_NORMAL_JOB, resume::<N> as Step),
        Next::WakeUp => (ERL_NIF_NORMAL_JOB, wait::<N> as Step),
        Next::Parked => (ERL_NIF_DIRTY_JOB_IO_BOUND, park::<N> as Step),
    };
    let name = N::INFO.name.as_ptr().cast();
    // SAFETY: as the function's contract says; the name ends in NUL, and `term` belongs to `env`.
    unsafe { enif_schedule_nif(env.as_c_arg(), name, flags as c_int, step, 1, &term) }
}
