//! Messages to processes, from native calls and from threads that the VM does not manage.

use std::mem::MaybeUninit;
use std::ptr;

use rustler::sys::{ErlNifEnv, ErlNifTerm, enif_send, enif_whereis_pid};
use rustler::{Atom, Env, LocalPid, Term};

use crate::thread_kind::{ThreadKind, thread_kind};

/// The process of this name, for a thread that the VM does not manage; `None` on any other.
pub(crate) fn find(name: Atom) -> Option<LocalPid> {
    if thread_kind() != ThreadKind::Unmanaged {
        return None;
    }
    // SAFETY: on such a thread there is no calling environment.
    unsafe { whereis(ptr::null_mut(), name) }
}

/// The process of this name, for a native call.
///
/// # Safety
/// `env` is that of the call which this thread runs.
pub(crate) unsafe fn find_in(env: Env<'_>, name: Atom) -> Option<LocalPid> {
    // SAFETY: as the function's contract says.
    unsafe { whereis(env.as_c_arg(), name) }
}

/// Sends a message of an environment of its own, and takes the contents of that; whether the process
/// was there.
///
/// # Safety
/// The VM does not manage this thread, and `message` is a term of `env`, which is no call's.
pub(crate) unsafe fn send(env: Env<'_>, to: &LocalPid, message: ErlNifTerm) -> bool {
    // SAFETY: as the function's contract says.
    unsafe { enif_send(ptr::null_mut(), to.as_c_arg(), env.as_c_arg(), message) != 0 }
}

/// Sends a message from a native call; whether the process was there. A call whose own process was
/// killed can send nothing.
///
/// # Safety
/// `env` is that of the call, or of the loading of a library, which this thread runs.
pub(crate) unsafe fn send_in<'a>(env: Env<'a>, to: &LocalPid, message: Term<'a>) -> bool {
    let message = message.as_c_arg();
    // SAFETY: as the function's contract says; without an environment of its own, the message is one of
    // the call's.
    unsafe { enif_send(env.as_c_arg(), to.as_c_arg(), ptr::null_mut(), message) != 0 }
}

/// # Safety
/// `caller` is the environment of the call that this thread runs, or null on a thread that the VM does
/// not manage.
unsafe fn whereis(caller: *mut ErlNifEnv, name: Atom) -> Option<LocalPid> {
    let mut pid = MaybeUninit::uninit();
    // SAFETY: as the function's contract says; an atom is a term of every environment, and `pid` is
    // written whenever the call succeeds.
    unsafe {
        (enif_whereis_pid(caller, name.as_c_arg(), pid.as_mut_ptr()) != 0)
            .then(|| LocalPid::from_c_arg(pid.assume_init()))
    }
}
