//! Messages to `Cantilever.NativeLogger`, the process that hands them to Elixir's Logger.

use std::ptr;
use std::sync::OnceLock;

use rustler::sys::{enif_send, enif_whereis_pid};
use rustler::{Encoder, Env, LocalPid, OwnedEnv};

use crate::panics::PanicReport;
use crate::thread_kind::{ThreadKind, thread_kind};

mod atoms {
    rustler::atoms! { logger = "Elixir.Cantilever.NativeLogger", native_panic }
}

static MODULE: OnceLock<&'static str> = OnceLock::new();

/// Remembers the name of the Elixir module that this library belongs to.
pub(crate) fn set_module(module: &'static str) {
    MODULE.get_or_init(|| module.strip_prefix("Elixir.").unwrap_or(module));
}

/// The name of the Elixir module that this library belongs to, as Elixir writes it.
pub(crate) fn module() -> &'static str {
    MODULE.get().copied().unwrap_or("a native function")
}

/// Reports a panic that has no caller. `dropped` events were lost before it.
pub(crate) fn panic(report: &PanicReport, dropped: usize) {
    send(|env| {
        (
            atoms::native_panic(),
            module(),
            report.message.as_str(),
            report.file.as_str(),
            report.line,
            dropped,
        )
            .encode(env)
            .as_c_arg()
    });
}

/// A message can only be sent from a thread that the VM does not manage: the kit's own.
fn send(message: impl FnOnce(Env<'_>) -> rustler::sys::ErlNifTerm) {
    let Some(pid) = logger() else { return };
    OwnedEnv::new().run(|env| {
        let term = message(env);
        // SAFETY: `logger` has checked that the VM does not manage this thread, so there is no
        // calling environment; `term` lives in `env`, which the send may take the contents of.
        unsafe { enif_send(ptr::null_mut(), pid.as_c_arg(), env.as_c_arg(), term) };
    });
}

fn logger() -> Option<LocalPid> {
    let mut pid = std::mem::MaybeUninit::uninit();
    if thread_kind() != ThreadKind::Unmanaged {
        return None;
    }
    // SAFETY: on a thread that is not the VM's, a name is looked up without a calling environment;
    // `pid` is written whenever the call succeeds.
    unsafe {
        let name = OwnedEnv::new().run(|env| atoms::logger().to_term(env).as_c_arg());
        (enif_whereis_pid(ptr::null_mut(), name, pid.as_mut_ptr()) != 0)
            .then(|| LocalPid::from_c_arg(pid.assume_init()))
    }
}
