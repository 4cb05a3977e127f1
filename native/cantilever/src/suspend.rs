//! Has processes suspended while their native calls wait, so that they hold no thread.
//!
//! The VM lets a native function give up its scheduler, but not sleep. So a call that waits asks
//! `Cantilever.Suspender`, an ordinary process, to suspend its own process, and gives up its time
//! slice until that has happened. Whoever wakes it has it resumed.

use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use rustler::sys::{enif_send, enif_whereis_pid};
use rustler::{Atom, Encoder, Env, LocalPid, OwnedEnv, Term};

use crate::errand;
use crate::thread_kind::{ThreadKind, thread_kind};

mod atoms {
    rustler::atoms! { suspender = "Elixir.Cantilever.Suspender", suspend, resume }
}

static LAST: AtomicU64 = AtomicU64::new(0);

/// One suspension of one process, from asking for it to its end. Ends once.
pub(crate) struct Suspension {
    pid: LocalPid,
    number: u64,
}

impl Suspension {
    /// Asks for the calling process to be suspended; `None` if there is no suspender to ask.
    pub(crate) fn ask(env: Env<'_>) -> Option<Self> {
        let suspension = Suspension {
            pid: env.pid(),
            number: LAST.fetch_add(1, Ordering::Relaxed),
        };
        suspension.send(env, atoms::suspend()).then_some(suspension)
    }

    /// Ends it, from a native call of any process.
    pub(crate) fn end_in(self, env: Env<'_>) {
        // A call whose process was killed can send nothing.
        if !self.send(env, atoms::resume()) {
            errand::run_later(move || self.end_here());
        }
    }

    /// Ends it, from any thread.
    pub(crate) fn end(self) {
        // On a thread of the VM, a message needs the environment of the process that runs there.
        if thread_kind() == ThreadKind::Unmanaged {
            self.end_here();
        } else {
            errand::run_later(move || self.end_here());
        }
    }

    fn end_here(self) {
        OwnedEnv::new().run(|env| {
            let message = self.message(env, atoms::resume());
            let Some(suspender) = suspender(ptr::null_mut(), env) else {
                return;
            };
            // SAFETY: the VM does not manage this thread, so there is no calling environment; the
            // message lives in `env`, which the send may take the contents of.
            unsafe {
                enif_send(
                    ptr::null_mut(),
                    suspender.as_c_arg(),
                    env.as_c_arg(),
                    message.as_c_arg(),
                );
            }
        });
    }

    /// Whether there was a suspender to send to.
    fn send(&self, env: Env<'_>, what: Atom) -> bool {
        let Some(suspender) = suspender(env.as_c_arg(), env) else {
            return false;
        };
        let message = self.message(env, what).as_c_arg();
        // SAFETY: `env` is that of the call that this thread runs, and the message belongs to it.
        unsafe {
            enif_send(
                env.as_c_arg(),
                suspender.as_c_arg(),
                ptr::null_mut(),
                message,
            ) != 0
        }
    }

    /// The numbers are unique within the library, and its address tells it from others.
    fn message<'a>(&self, env: Env<'a>, what: Atom) -> Term<'a> {
        let library = LAST.as_ptr() as usize;
        (what, self.pid, (library, self.number)).encode(env)
    }
}

/// `caller` is the calling environment, null on a thread that is not the VM's; the name is made in
/// `env`.
fn suspender(caller: *mut rustler::sys::ErlNifEnv, env: Env<'_>) -> Option<LocalPid> {
    let mut pid = std::mem::MaybeUninit::uninit();
    let name = atoms::suspender().to_term(env).as_c_arg();
    // SAFETY: the caller is as the VM wants it; an atom is a term of every environment, and `pid`
    // is written whenever the call succeeds.
    unsafe {
        (enif_whereis_pid(caller, name, pid.as_mut_ptr()) != 0)
            .then(|| LocalPid::from_c_arg(pid.assume_init()))
    }
}
