//! Calls that the VM makes in several steps, of which each queues the next.

use rustler::codegen_runtime::c_int;
use rustler::sys::{
    ErlNifEnv, ErlNifTerm, enif_consume_timeslice, enif_make_badarg, enif_schedule_nif,
};
use rustler::{Env, Term};

use crate::args::NifInfo;
use crate::resource::{Object, Shared};
use crate::thread_state::ThreadState;

/// What the VM calls for a step.
pub(crate) type Step = unsafe extern "C" fn(*mut ErlNifEnv, c_int, *const ErlNifTerm) -> ErlNifTerm;

/// Calls `step` with the object that the first argument refers to, and with all arguments.
///
/// # Safety
/// Only for a function that the VM calls with these; what it returns goes to the VM.
#[inline]
pub(crate) unsafe fn with_first<T: Object>(
    env: *mut ErlNifEnv,
    argc: c_int,
    argv: *const ErlNifTerm,
    step: impl FnOnce(Env<'_>, &[ErlNifTerm], &Shared<T>) -> ErlNifTerm,
) -> ErlNifTerm {
    let scope = ();
    // SAFETY: the VM passes its environment for this call and `argc` terms of it; `scope`
    // gives the environment a lifetime of its own, that of this call.
    unsafe {
        let env = Env::new(&scope, env);
        let arguments = std::slice::from_raw_parts(argv, argc as usize);
        let object = arguments
            .first()
            .and_then(|first| Shared::<T>::borrow(Term::new(env, *first)));
        match object {
            Some(object) => step(env, arguments, &object),
            None => enif_make_badarg(env.as_c_arg()),
        }
    }
}

/// Queues a step of the call of `info` on the kind of scheduler that `flags` name.
///
/// # Safety
/// The result must be returned to the VM by the native function that `env` belongs to, and the
/// arguments are terms of `env`.
pub(crate) unsafe fn queue(
    env: Env<'_>,
    info: &'static NifInfo,
    flags: u32,
    step: Step,
    arguments: &[ErlNifTerm],
) -> ErlNifTerm {
    let name = info.name.as_ptr().cast();
    let count = arguments.len() as c_int;
    // SAFETY: as the function's contract says; the name ends in NUL.
    unsafe {
        enif_schedule_nif(
            env.as_c_arg(),
            name,
            flags as c_int,
            step,
            count,
            arguments.as_ptr(),
        )
    }
}

/// Books a part of the process's time, in percent; all of it lets others run before the next step: other processes, and
/// other threads.
///
/// # Safety
/// `env` is that of the call which this thread, a normal scheduler, runs.
pub(crate) unsafe fn book(env: Env<'_>, percent: i32) {
    // SAFETY: as the function's contract says. The VM takes from 1 to 100.
    unsafe { enif_consume_timeslice(env.as_c_arg(), percent.max(1)) };
    if percent >= 100 {
        ThreadState::with(|state| state.thread_yield.yield_now());
    }
}
