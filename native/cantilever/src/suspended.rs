//! A continuation that has not finished, between two of its slices.
//!
//! It lives in a resource, and the terms that it keeps are an argument of the next step, beside that resource. So the
//! collector finds and moves them, and when the process dies, both go.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};
use std::time::Instant;

use rustler::codegen_runtime::c_int;
use rustler::sys::{ERL_NIF_NORMAL_JOB, ErlNifEnv, ErlNifTerm, enif_make_badarg};
use rustler::{Env, Term};

use crate::args::NifInfo;
use crate::continuation::{Continuation, SliceClock, Step};
use crate::outbox::Schedule;
use crate::resource::{Kind, Object, Shared};
use crate::thread_state::ThreadState;
use crate::{outbox, panics, raise, reclaim, steps, watchdog};

/// What lives in the resource that the slices hand on.
pub(crate) struct Suspended {
    continuation: Mutex<Option<Box<dyn Continuation>>>,
    info: &'static NifInfo,
    pace: AtomicU32,
}

impl Object for Suspended {
    const NAME: &'static str = "cantilever.continuation";

    fn kind() -> &'static Kind<Self> {
        static KIND: Kind<Suspended> = Kind::new();
        &KIND
    }
}

impl Drop for Suspended {
    fn drop(&mut self) {
        let continuation = self
            .continuation
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(continuation) = continuation.take() {
            reclaim::drop_later(continuation);
        }
    }
}

impl Suspended {
    #[cold]
    pub(crate) fn new(
        continuation: impl Continuation,
        info: &'static NifInfo,
        pace: u32,
    ) -> Shared<Suspended> {
        let suspended = Shared::new(Suspended {
            continuation: Mutex::new(Some(Box::new(continuation))),
            info,
            pace: AtomicU32::new(pace),
        });
        match suspended {
            Some(suspended) => suspended,
            None => {
                panic!("a Continuation needs a library that `cantilever::init!` has initialised")
            }
        }
    }

    /// # Panics
    /// With the continuation's own panic.
    fn step<'a>(&self, state: &ThreadState, env: Env<'a>, kept: Term<'a>) -> Step<'a> {
        // The lock is never contended: only the process that made the call has the resource.
        let mut continuation = match self.continuation.try_lock() {
            Ok(continuation) => continuation,
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => {
                panic!("the call is running already")
            }
        };
        match continuation.as_mut() {
            Some(continuation) => {
                let pace = self.pace.load(Ordering::Relaxed);
                state.slice.resume(Instant::now(), pace);
                let step = continuation.step(env, kept, &SliceClock::new(&state.slice));
                self.pace.store(state.slice.pace(), Ordering::Relaxed);
                step
            }
            None => panic!("the call has ended already"),
        }
    }

    /// Drops the continuation, in the process that ran it.
    fn finish(&self) {
        let continuation = self
            .continuation
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Err(report) = panics::guard(|| drop(continuation)) {
            outbox::panic(*report);
        }
    }
}

/// Queues the step after the first one, which has `used` its slice.
///
/// # Safety
/// As for [`steps::queue`].
#[cold]
pub(crate) unsafe fn suspend(
    env: Env<'_>,
    suspended: Shared<Suspended>,
    kept: Term<'_>,
    used: Option<i32>,
) -> ErlNifTerm {
    let arguments = [suspended.to_term(env).as_c_arg(), kept.as_c_arg()];
    // SAFETY: as the function's contract says; both are terms of `env`.
    unsafe {
        steps::book(env, used.unwrap_or(1));
        queue(env, suspended.info, &arguments)
    }
}

/// # Safety
/// As for [`steps::queue`]; the arguments are a continuation and what it keeps.
unsafe fn queue(env: Env<'_>, info: &'static NifInfo, arguments: &[ErlNifTerm; 2]) -> ErlNifTerm {
    // SAFETY: as the function's contract says.
    unsafe { steps::queue(env, info, ERL_NIF_NORMAL_JOB, resume, arguments) }
}

/// What the VM calls for every slice after the first.
///
/// # Safety
/// Only the VM may call it, with two arguments: a [`Suspended`], and what it keeps.
unsafe extern "C" fn resume(
    env: *mut ErlNifEnv,
    argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    // SAFETY: as the function's contract says.
    unsafe {
        steps::with_first::<Suspended>(env, argc, argv, |env, arguments, suspended| {
            let &[this, kept] = arguments else {
                return enif_make_badarg(env.as_c_arg());
            };
            let (outcome, used) = ThreadState::with(|state| {
                let outcome = watchdog::watch(state, suspended.info, Schedule::Yielding, || {
                    let outcome = panics::guard_in(state, || {
                        suspended.step(state, env, Term::new(env, kept))
                    });
                    if !matches!(outcome, Ok(Step::Again(_))) {
                        suspended.finish();
                    }
                    outcome
                });
                (outcome, state.slice.end())
            });
            steps::book(env, used.unwrap_or(1));
            match outcome {
                Ok(Step::Again(kept)) => queue(env, suspended.info, &[this, kept.as_c_arg()]),
                Ok(Step::Done(term)) => term.as_c_arg(),
                Err(report) => raise::panic(env, suspended.info, &report),
            }
        })
    }
}
