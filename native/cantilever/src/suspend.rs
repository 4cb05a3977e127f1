//! Has processes suspended while their native calls wait, so that they hold no thread.
//!
//! The VM lets a native function give up its scheduler, but not sleep. So a call that waits asks
//! `Cantilever.Suspender`, an ordinary process, to suspend its own process, and gives up its time
//! slice until that has happened. Whoever wakes it has it resumed.

use std::sync::atomic::{AtomicU64, Ordering};

use rustler::{Atom, Encoder, Env, LocalPid, OwnedEnv, Term};

use crate::thread_kind::{ThreadKind, thread_kind};
use crate::worker::Lease;
use crate::{errand, mailbox};

mod atoms {
    rustler::atoms! {
        suspender = "Elixir.Cantilever.Suspender",
        supervisor = "Elixir.Cantilever.Supervisor",
        suspend,
        resume,
    }
}

static LAST: AtomicU64 = AtomicU64::new(0);

/// One suspension of one process, from asking for it to its end. Ends once.
pub(crate) struct Suspension {
    pid: LocalPid,
    number: u64,
    suspender: LocalPid,
    /// Ending it may be an errand.
    _errands: Lease,
}

/// What came of asking for a suspension.
pub(crate) enum Asked {
    Suspension(Suspension),
    /// The suspender is being restarted.
    Later,
    /// The application that has the suspender does not run, or the system has no thread to give for the end of
    /// a suspension.
    Nobody,
}

impl Suspension {
    /// Asks for the calling process to be suspended.
    pub(crate) fn ask(env: Env<'_>) -> Asked {
        let Some(errands) = errand::lease() else {
            return Asked::Nobody;
        };
        if let Some(suspender) = find_in(env, atoms::suspender()) {
            let suspension = Suspension {
                pid: env.pid(),
                number: LAST.fetch_add(1, Ordering::Relaxed),
                suspender,
                _errands: errands,
            };
            if suspension.send(env, atoms::suspend()) {
                return Asked::Suspension(suspension);
            }
        }
        match find_in(env, atoms::supervisor()) {
            Some(_supervisor) => Asked::Later,
            None => Asked::Nobody,
        }
    }

    /// Whether the process that was asked is still the one that would be asked now.
    pub(crate) fn is_pending(&self, env: Env<'_>) -> bool {
        find_in(env, atoms::suspender()) == Some(self.suspender)
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

    /// Ends it, from a thread that the VM does not manage.
    fn end_here(self) {
        if thread_kind() != ThreadKind::Unmanaged {
            return;
        }
        OwnedEnv::new().run(|env| {
            let message = self.message(env, atoms::resume()).as_c_arg();
            // SAFETY: the VM does not manage this thread; the message lives in `env`.
            unsafe { mailbox::send(env, &self.suspender, message) }
        });
    }

    /// Whether the suspender was there. From a native call.
    fn send(&self, env: Env<'_>, what: Atom) -> bool {
        // SAFETY: `env` is that of the call that this thread runs.
        unsafe { mailbox::send_in(env, &self.suspender, self.message(env, what)) }
    }

    /// The numbers are unique within the library, and its address tells it from others.
    fn message<'a>(&self, env: Env<'a>, what: Atom) -> Term<'a> {
        let library = LAST.as_ptr() as usize;
        (what, self.pid, (library, self.number)).encode(env)
    }
}

/// The process of this name, for a native call.
fn find_in(env: Env<'_>, name: Atom) -> Option<LocalPid> {
    // SAFETY: `env` is that of the call that this thread runs.
    unsafe { mailbox::find_in(env, name) }
}
