//! Raising Elixir exceptions.

use rustler::sys::{ErlNifTerm, enif_make_badarg, enif_raise_exception};
use rustler::{Encoder, Env, Term};

use crate::args::{BadArgument, NifInfo};
use crate::module;
use crate::panics::{self, PanicReport};

mod atoms {
    rustler::atoms! {
        struct_ = "__struct__",
        exception = "__exception__",
        argument_error = "Elixir.ArgumentError",
        native_panic = "Elixir.Cantilever.NativePanic",
        message,
        file,
        line,
        true_ = "true",
    }
}

/// How rustler says that an iterator met `[1 | 2]`. It panics, but the argument is what is wrong.
const IMPROPER_LIST: &str = "list iterator found improper list";

/// Raises an `ArgumentError`, or a `Cantilever.StaleHandle`.
///
/// # Safety
/// The result must be returned to the VM by the native function that `env` belongs to.
#[cold]
pub(crate) unsafe fn bad_argument(env: Env<'_>, bad: &BadArgument) -> ErlNifTerm {
    // SAFETY: as the function's contract says.
    unsafe {
        raise(env, || match bad {
            BadArgument::Wrong(message) => {
                let fields = [(atoms::message().to_term(env), message.encode(env))];
                exception(env, atoms::argument_error().to_term(env), &fields)
            }
            BadArgument::Stale(stale) => stale.encode(env),
        })
    }
}

/// Raises a `Cantilever.NativePanic`.
///
/// # Safety
/// As for [`bad_argument`].
#[cold]
pub(crate) unsafe fn panic(
    env: Env<'_>,
    info: &'static NifInfo,
    report: &PanicReport,
) -> ErlNifTerm {
    if report.message == IMPROPER_LIST {
        let message = format!(
            "{}.{}/{}: an argument holds an improper list",
            module::name(),
            info.display_name(),
            info.arity
        );
        // SAFETY: as the function's contract says.
        return unsafe { bad_argument(env, &BadArgument::new(message)) };
    }
    // SAFETY: as the function's contract says.
    unsafe {
        raise(env, || {
            exception(
                env,
                atoms::native_panic().to_term(env),
                &[
                    (atoms::message().to_term(env), report.message.encode(env)),
                    (atoms::file().to_term(env), report.file.encode(env)),
                    (atoms::line().to_term(env), report.line.encode(env)),
                ],
            )
        })
    }
}

/// Builds the struct of an exception with these fields.
pub(crate) fn exception<'a>(
    env: Env<'a>,
    module: Term<'a>,
    fields: &[(Term<'a>, Term<'a>)],
) -> Term<'a> {
    let fixed = [
        (atoms::struct_().to_term(env), module),
        (atoms::exception().to_term(env), atoms::true_().to_term(env)),
    ];
    let (keys, values): (Vec<_>, Vec<_>) = fixed.iter().chain(fields).copied().unzip();
    Term::map_from_term_arrays(env, &keys, &values).unwrap_or(module)
}

/// # Safety
/// As for [`bad_argument`].
unsafe fn raise<'a>(env: Env<'a>, build: impl FnOnce() -> Term<'a>) -> ErlNifTerm {
    // SAFETY: as the function's contract says. Building may panic, where memory is short.
    unsafe {
        match panics::guard(build) {
            Ok(term) => enif_raise_exception(env.as_c_arg(), term.as_c_arg()),
            Err(_) => enif_make_badarg(env.as_c_arg()),
        }
    }
}
