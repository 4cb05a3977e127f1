//! The entries of DirtyCpu and DirtyIo functions.
//!
//! A call goes to its dirty scheduler as any does, and asks there for a permit. With one it runs;
//! without, it leaves at once, to wait in the queue for its turn.

use rustler::Env;
use rustler::codegen_runtime::c_int;
use rustler::sys::{
    ERL_NIF_DIRTY_JOB_CPU_BOUND, ERL_NIF_DIRTY_JOB_IO_BOUND, ERL_NIF_NORMAL_JOB, ErlNifEnv,
    ErlNifTerm, enif_consume_timeslice, enif_make_badarg, enif_schedule_nif,
};

use crate::admission::{self, FunctionLimit, Gate, Permit, Ticket};
use crate::args::Args;
use crate::init;
use crate::panics;
use crate::resource::Shared;
use crate::signal::Wait;
use crate::sync::{SyncNif, conclude};

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
        schedule::<N>(env, ERL_NIF_NORMAL_JOB, wait::<N>, &arguments)
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
    let scope = ();
    // SAFETY: as for `call_dirty`; the first term is a ticket.
    unsafe {
        let env = Env::new(&scope, env);
        let arguments = std::slice::from_raw_parts(argv, argc as usize);
        let Some(ticket) = ticket_of(env, arguments) else {
            return enif_make_badarg(env.as_c_arg());
        };
        if ticket.suspend_process(env) == Wait::Again {
            enif_consume_timeslice(env.as_c_arg(), 100);
            return schedule::<N>(env, ERL_NIF_NORMAL_JOB, wait::<N>, arguments);
        }
        schedule::<N>(env, N::KIND.flags(), run_admitted::<N>, arguments)
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
    let scope = ();
    // SAFETY: as for `wait`.
    unsafe {
        let env = Env::new(&scope, env);
        let arguments = std::slice::from_raw_parts(argv, argc as usize);
        match ticket_of(env, arguments) {
            Some(ticket) => run_with::<N>(ticket.take(), env, argc - 1, argv.add(1)),
            None => enif_make_badarg(env.as_c_arg()),
        }
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
    // SAFETY: as the function's contract says.
    let result = unsafe {
        let args = Args::new(env, N::INFO, argc, argv);
        conclude::<N>(env, panics::guard(|| N::call(&args)))
    };
    permit.release(env);
    result
}

/// # Safety
/// The arguments are terms of `env`.
unsafe fn ticket_of<'a>(
    env: Env<'a>,
    arguments: &[ErlNifTerm],
) -> Option<crate::resource::Borrowed<'a, Ticket>> {
    let first = *arguments.first()?;
    // SAFETY: as the function's contract says.
    Shared::<Ticket>::borrow(unsafe { rustler::Term::new(env, first) })
}

/// # Safety
/// The result must be returned to the VM by the native function that `env` belongs to, and the
/// arguments are terms of `env`.
unsafe fn schedule<N: DirtyNif>(
    env: Env<'_>,
    flags: u32,
    step: unsafe extern "C" fn(*mut ErlNifEnv, c_int, *const ErlNifTerm) -> ErlNifTerm,
    arguments: &[ErlNifTerm],
) -> ErlNifTerm {
    let name = N::INFO.name.as_ptr().cast();
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
