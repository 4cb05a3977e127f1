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

use rustler::Env;
use rustler::codegen_runtime::c_int;
use rustler::sys::{
    ERL_NIF_DIRTY_JOB_CPU_BOUND, ERL_NIF_DIRTY_JOB_IO_BOUND, ERL_NIF_NORMAL_JOB, ErlNifEnv,
    ErlNifTerm,
};

use crate::args::{Args, BadArgument, NifInfo};
use crate::call::{self, Call, Next, Running};
use crate::outbox::Schedule;
use crate::panics::PanicReport;
use crate::resource::Shared;
use crate::returned::{IntoReturned, Returned};
use crate::signal::LazySignal;
use crate::steps::Step;
use crate::task::Task;
use crate::thread_state::ThreadState;
use crate::{init, panics, raise, steps, watchdog};

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
                    steps::book(env, percent);
                }
                returned.into_term()
            }
            Ok(Ok(Started(Progress::Unfinished(call, next)))) => {
                let arguments = [call.to_term(env).as_c_arg()];
                schedule::<N>(env, &arguments, next, used)
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
    argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    // SAFETY: as the function's contract says.
    unsafe {
        steps::with_first::<Call>(env, argc, argv, |env, arguments, call| {
            let (outcome, used) = ThreadState::with(|state| {
                let outcome = watchdog::watch(state, N::INFO, Schedule::Yielding, || {
                    run_slice(call, state, env)
                });
                (outcome, state.slice.end())
            });
            steps::book(env, used.unwrap_or(1));
            go_on::<N>(env, arguments, outcome)
        })
    }
}

/// What the VM calls on a dirty CPU scheduler for work that cannot be cut into slices, and up to the checkpoint after it.
///
/// # Safety
/// Only the VM may call it, with one argument: the resource of a call of `N`.
unsafe extern "C" fn resume_dirty<N: YieldingNif>(
    env: *mut ErlNifEnv,
    argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    // SAFETY: as the function's contract says.
    unsafe {
        steps::with_first::<Call>(env, argc, argv, |env, arguments, call| {
            let outcome = ThreadState::with(|state| {
                let outcome = run_slice(call, state, env);
                state.slice.end_unmeasured();
                outcome
            });
            go_on::<N>(env, arguments, outcome)
        })
    }
}

/// The value of a call, or what it waits for, or its panic.
type Outcome = Result<Result<Returned, Next>, Box<PanicReport>>;

fn run_slice(call: &Shared<Call>, state: &ThreadState, env: Env<'_>) -> Outcome {
    let outcome = panics::guard_in(state, || call.run_slice(state, env));
    if !matches!(outcome, Ok(Err(_))) {
        call.finish(env);
    }
    outcome
}

/// Ends a call, or queues its next step.
///
/// # Safety
/// As for [`queue`].
unsafe fn go_on<N: YieldingNif>(
    env: Env<'_>,
    arguments: &[ErlNifTerm],
    outcome: Outcome,
) -> ErlNifTerm {
    // SAFETY: as the function's contract says.
    unsafe {
        match outcome {
            Ok(Err(next)) => queue::<N>(env, arguments, next),
            Ok(Ok(returned)) => returned.into_term(),
            Err(report) => raise::panic(env, N::INFO, &report),
        }
    }
}

/// What the VM calls while the future waits: until the process is suspended, and after that.
///
/// # Safety
/// Only the VM may call it, with one argument: the resource of a call of `N`.
unsafe extern "C" fn wait<N: YieldingNif>(
    env: *mut ErlNifEnv,
    argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    // SAFETY: as the function's contract says.
    unsafe {
        steps::with_first::<Call>(env, argc, argv, |env, arguments, call| {
            let next = call.suspend_process(env);
            if next == Next::WakeUp {
                steps::book(env, 100);
            }
            queue::<N>(env, arguments, next)
        })
    }
}

/// What the VM calls on a dirty I/O scheduler while the future waits and nobody can suspend it.
///
/// # Safety
/// Only the VM may call it, with one argument: the resource of a call of `N`.
unsafe extern "C" fn park<N: YieldingNif>(
    env: *mut ErlNifEnv,
    argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    // SAFETY: as the function's contract says.
    unsafe {
        steps::with_first::<Call>(env, argc, argv, |env, arguments, call| {
            // There may be somebody to suspend the process by now.
            let next = if call.wait() {
                Next::Slice
            } else {
                Next::WakeUp
            };
            queue::<N>(env, arguments, next)
        })
    }
}

/// Queues the next step of a call, and books the time that was `used`.
///
/// # Safety
/// As for [`queue`].
unsafe fn schedule<N: YieldingNif>(
    env: Env<'_>,
    arguments: &[ErlNifTerm],
    next: Next,
    used: Option<i32>,
) -> ErlNifTerm {
    // SAFETY: as the function's contract says.
    unsafe {
        steps::book(env, used.unwrap_or(1));
        queue::<N>(env, arguments, next)
    }
}

/// Queues the next step of a call.
///
/// # Safety
/// As for [`steps::queue`]; the only argument refers to a [`Call`] of `N`.
unsafe fn queue<N: YieldingNif>(env: Env<'_>, arguments: &[ErlNifTerm], next: Next) -> ErlNifTerm {
    let (flags, step) = match next {
        Next::Slice => (ERL_NIF_NORMAL_JOB, resume::<N> as Step),
        Next::Dirty => (ERL_NIF_DIRTY_JOB_CPU_BOUND, resume_dirty::<N> as Step),
        Next::WakeUp => (ERL_NIF_NORMAL_JOB, wait::<N> as Step),
        Next::Parked => (ERL_NIF_DIRTY_JOB_IO_BOUND, park::<N> as Step),
    };
    // SAFETY: as the function's contract says.
    unsafe { steps::queue(env, N::INFO, flags, step, arguments) }
}
