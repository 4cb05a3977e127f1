//! What a native function may return.

use rustler::codegen_runtime::NifReturnable;
use rustler::sys::ErlNifTerm;
use rustler::types::atom;
use rustler::{Encoder, Env, Error, OwnedBinary, Return};

/// What the VM is told at the end of a call: a term of its environment, or that it has raised.
///
/// Made as soon as there is a value: results of one word pass through every call, and rustler's
/// own, of eight, cost more than the rest of a short call.
pub struct Returned(ErlNifTerm);

impl Returned {
    #[inline]
    pub(crate) fn into_term(self) -> ErlNifTerm {
        self.0
    }

    /// What another step has made, or queued.
    ///
    /// # Safety
    /// The term is one of the environment that the call runs in, or what queueing its next step gave.
    pub(crate) unsafe fn from_term(term: ErlNifTerm) -> Self {
        Returned(term)
    }

    #[inline]
    pub(crate) fn encode(value: &impl Encoder, env: Env<'_>) -> Self {
        Returned(value.encode(env).as_c_arg())
    }

    /// Lets rustler encode or raise a value of its own.
    fn by_rustler(value: impl NifReturnable, env: Env<'_>) -> Self {
        // SAFETY: only the entries can look into a `Returned`, which return it to the VM.
        Returned(unsafe { value.into_returned(env).apply(env) })
    }
}

/// A value that a native function may return: what can be encoded, rustler's own errors, and a
/// binary, which is handed over without a copy, also in a `Result` or an `Option`.
///
/// `Kind` only keeps the implementations apart, and is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a native function",
    note = "implement `cantilever::Encoder` for it (rustler's derives do), or derive \
            `cantilever::NifError` for an error enum",
    note = "a `cantilever::Continue` is for a plain `fn` without a schedule"
)]
pub trait IntoReturned<Kind> {
    /// Encodes the value, or raises it.
    fn into_returned(self, env: Env<'_>) -> Returned;
}

/// What can be encoded.
pub struct Encodable;

/// A binary that is there or not.
pub struct MaybeBinary;

/// A value of rustler's, which knows more than to encode itself.
pub struct ByRustler;

/// A value, or an error of rustler's.
pub struct OrError<Kind>(Kind);

impl<T: Encoder> IntoReturned<Encodable> for T {
    #[inline]
    fn into_returned(self, env: Env<'_>) -> Returned {
        Returned::encode(&self, env)
    }
}

impl IntoReturned<ByRustler> for OwnedBinary {
    fn into_returned(self, env: Env<'_>) -> Returned {
        Returned::by_rustler(self, env)
    }
}

impl IntoReturned<ByRustler> for Return<'_> {
    fn into_returned(self, env: Env<'_>) -> Returned {
        Returned::by_rustler(self, env)
    }
}

impl IntoReturned<ByRustler> for Error {
    fn into_returned(self, env: Env<'_>) -> Returned {
        Returned::by_rustler(self, env)
    }
}

impl<T: IntoReturned<Kind>, Kind> IntoReturned<OrError<Kind>> for Result<T, Error> {
    fn into_returned(self, env: Env<'_>) -> Returned {
        match self {
            Ok(value) => value.into_returned(env),
            Err(error) => Returned::by_rustler(error, env),
        }
    }
}

impl<E: Encoder> IntoReturned<MaybeBinary> for Result<OwnedBinary, E> {
    fn into_returned(self, env: Env<'_>) -> Returned {
        match self {
            Ok(binary) => Returned::encode(&(atom::ok(), binary.release(env)), env),
            Err(error) => Returned::encode(&(atom::error(), error), env),
        }
    }
}

impl IntoReturned<MaybeBinary> for Option<OwnedBinary> {
    fn into_returned(self, env: Env<'_>) -> Returned {
        match self {
            Some(binary) => Returned::encode(&binary.release(env), env),
            None => Returned::encode(&atom::nil(), env),
        }
    }
}
