//! The entry of Normal functions, and what dirty ones have in common with them.

use rustler::Env;
use rustler::codegen_runtime::c_int;
use rustler::sys::{ErlNifEnv, ErlNifTerm};

use crate::args::{Args, BadArgument, NifInfo};
use crate::outbox::Schedule;
use crate::panics::PanicReport;
use crate::returned::Returned;
use crate::thread_state::ThreadState;
use crate::{init, panics, raise, watchdog};

/// A function that runs to its end in one go; implemented by the macro.
pub trait SyncNif {
    /// Its name and arity.
    const INFO: &'static NifInfo;

    /// Decodes, calls, encodes.
    ///
    /// # Errors
    /// Says which argument does not decode.
    fn call(args: &Args<'_>) -> Result<Returned, BadArgument>;
}

/// What the VM calls.
///
/// # Safety
/// Only the VM may call it, as a native function of `N`'s arity.
pub unsafe extern "C" fn call_sync<N: SyncNif>(
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
        let outcome = ThreadState::with(|state| {
            watchdog::watch(state, N::INFO, Schedule::Normal, || {
                panics::guard_in(state, || N::call(&args))
            })
        });
        conclude::<N>(env, outcome)
    }
}

/// Tells the VM what became of a call.
///
/// # Safety
/// The result must be returned to the VM by the native function that `env` belongs to.
#[inline]
pub(crate) unsafe fn conclude<N: SyncNif>(
    env: Env<'_>,
    outcome: Result<Result<Returned, BadArgument>, Box<PanicReport>>,
) -> ErlNifTerm {
    match outcome {
        Ok(Ok(returned)) => returned.into_term(),
        // SAFETY: as the function's contract says.
        Ok(Err(bad)) => unsafe { raise::bad_argument(env, &bad) },
        // SAFETY: as the function's contract says.
        Err(report) => unsafe { raise::panic(env, N::INFO, &report) },
    }
}
