//! Has processes suspended while their native calls wait, so that they hold no thread.
//!
//! The VM lets a native function give up its scheduler, but not sleep. So a call that waits asks
//! `Cantilever.Suspender`, an ordinary process, to suspend its own process, and gives up its time
//! slice until that has happened. Whoever wakes it has it resumed.

use std::sync::atomic::{AtomicU64, Ordering};

use rustler::{Atom, Encoder, Env, LocalPid, OwnedEnv, Term};

use crate::thread_kind::{ThreadKind, thread_kind};
use crate::{errand, mailbox};

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

    /// Ends it, from a thread that the VM does not manage.
    fn end_here(self) {
        let Some(suspender) = mailbox::find(atoms::suspender()) else {
            return;
        };
        OwnedEnv::new().run(|env| {
            let message = self.message(env, atoms::resume()).as_c_arg();
            // SAFETY: `find` has checked that the VM does not manage this thread; the message lives in `env`.
            unsafe { mailbox::send(env, &suspender, message) }
        });
    }

    /// Whether there was a suspender to send to. From a native call.
    fn send(&self, env: Env<'_>, what: Atom) -> bool {
        // SAFETY: `env` is that of the call that this thread runs.
        unsafe {
            mailbox::find_in(env, atoms::suspender())
                .is_some_and(|suspender| mailbox::send_in(env, &suspender, self.message(env, what)))
        }
    }

    /// The numbers are unique within the library, and its address tells it from others.
    fn message<'a>(&self, env: Env<'a>, what: Atom) -> Term<'a> {
        let library = LAST.as_ptr() as usize;
        (what, self.pid, (library, self.number)).encode(env)
    }
}
