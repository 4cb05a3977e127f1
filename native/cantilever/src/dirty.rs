//! The entries of DirtyCpu and DirtyIo functions.
//!
//! A call goes to its dirty scheduler as any does, and asks there for a permit. With one it runs;
//! without, it leaves at once, to wait in the queue for its turn.

use rustler::Env;
use rustler::codegen_runtime::c_int;
use rustler::sys::{
    ERL_NIF_DIRTY_JOB_CPU_BOUND, ERL_NIF_DIRTY_JOB_IO_BOUND, ERL_NIF_NORMAL_JOB, ErlNifEnv,
    ErlNifTerm,
};

use crate::admission::{self, FunctionLimit, Gate, Permit, Ticket};
use crate::args::Args;
use crate::signal::Wait;
use crate::sync::{SyncNif, conclude};
use crate::{init, niceness, panics, steps};

/// A kind of dirty scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirtyKind {
    /// For what computes.
    Cpu,
    /// For what waits.
    Io,
}

impl DirtyKind {
    fn gate(self) -> &'static Gate {
        match self {
            DirtyKind::Cpu => &admission::DIRTY_CPU,
            DirtyKind::Io => &admission::DIRTY_IO,
        }
    }

    fn flags(self) -> u32 {
        match self {
            DirtyKind::Cpu => ERL_NIF_DIRTY_JOB_CPU_BOUND,
            DirtyKind::Io => ERL_NIF_DIRTY_JOB_IO_BOUND,
        }
    }
}

/// A function that runs on a dirty scheduler; implemented by the macro.
pub trait DirtyNif: SyncNif {
    /// Which kind.
    const KIND: DirtyKind;

    /// How many calls of it may run at once.
    fn limit() -> &'static FunctionLimit;
}

/// What the VM calls.
///
/// # Safety
/// Only the VM may call it, as a native function of `N`'s arity.
pub unsafe extern "C" fn call_dirty<N: DirtyNif>(
    env: *mut ErlNifEnv,
    argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    let scope = ();
    init::settle();
    let gate = N::KIND.gate();
    // SAFETY: the VM passes its environment for this call and `argc` terms of it; `scope` gives
    // the environment a lifetime of its own, that of this call.
    unsafe {
        let env = Env::new(&scope, env);
        if let Some(permit) = gate.enter(N::limit()) {
            return run_with::<N>(permit, env, argc, argv);
        }
        let Some(ticket) = gate.queue(N::limit(), env) else {
            return run_with::<N>(gate.force(N::limit()), env, argc, argv);
        };
        let mut arguments = vec![ticket.to_term(env).as_c_arg()];
        arguments.extend_from_slice(std::slice::from_raw_parts(argv, argc as usize));
        steps::queue(env, N::INFO, ERL_NIF_NORMAL_JOB, wait::<N>, &arguments)
    }
}

/// What the VM calls while a call waits for its turn: until its process is suspended, and after
/// that.
///
/// # Safety
/// Only the VM may call it, with a ticket and the arguments of a call of `N`.
unsafe extern "C" fn wait<N: DirtyNif>(
    env: *mut ErlNifEnv,
    argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    // SAFETY: as the function's contract says.
    unsafe {
        steps::with_first::<Ticket>(env, argc, argv, |env, arguments, ticket| {
            if ticket.suspend_process(env) == Wait::Again {
                steps::book(env, 100);
                return steps::queue(env, N::INFO, ERL_NIF_NORMAL_JOB, wait::<N>, arguments);
            }
            let flags = N::KIND.flags();
            steps::queue(env, N::INFO, flags, run_admitted::<N>, arguments)
        })
    }
}

/// What the VM calls on the dirty scheduler when it is a call's turn.
///
/// # Safety
/// As for [`wait`].
unsafe extern "C" fn run_admitted<N: DirtyNif>(
    env: *mut ErlNifEnv,
    argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    // SAFETY: as for `wait`; behind the ticket come the arguments of the call.
    unsafe {
        steps::with_first::<Ticket>(env, argc, argv, |env, _arguments, ticket| {
            run_with::<N>(ticket.take(), env, argc - 1, argv.add(1))
        })
    }
}

/// # Safety
/// As for [`call_dirty`].
unsafe fn run_with<N: DirtyNif>(
    permit: Permit,
    env: Env<'_>,
    argc: c_int,
    argv: *const ErlNifTerm,
) -> ErlNifTerm {
    if N::KIND == DirtyKind::Io {
        niceness::shorten_turns_of_this_thread();
    }
    // SAFETY: as the function's contract says.
    let result = unsafe {
        let args = Args::new(env, N::INFO, argc, argv);
        conclude::<N>(env, panics::guard(|| N::call(&args)))
    };
    permit.release(env);
    result
}
