//! What a native function may return.

use rustler::codegen_runtime::{NifReturnable, NifReturned};
use rustler::sys::ErlNifTerm;
use rustler::types::atom;
use rustler::{Encoder, Env, OwnedBinary};

use crate::args::NifInfo;
use crate::raise;

/// What the VM is told at the end of a call: a term of its environment, or that it has raised.
///
/// Made as soon as there is a value: results of one word pass through every call, and rustler's
/// own, of eight, cost more than the rest of a short call.
pub struct Returned(ErlNifTerm);

impl Returned {
    #[inline]
    pub(crate) fn new<K>(
        value: impl IntoReturned<K>,
        env: Env<'_>,
        info: &'static NifInfo,
    ) -> Self {
        // SAFETY: only the entries can look into a `Returned`, which return it to the VM.
        Returned(unsafe { raise::returned(env, info, value.into_returned(env)) })
    }

    #[inline]
    pub(crate) fn into_term(self) -> ErlNifTerm {
        self.0
    }
}

/// A value that a native function may return: what rustler allows, and a binary in a `Result` or
/// an `Option`, which is handed over without a copy.
///
/// `Kind` only keeps the implementations apart, and is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a native function",
    note = "implement `cantilever::Encoder` for it (rustler's derives do), or derive \
            `cantilever::NifError` for an error enum"
)]
pub trait IntoReturned<Kind> {
    /// Encodes the value, or says what to raise.
    fn into_returned(self, env: Env<'_>) -> NifReturned;
}

/// Rustler's own kinds of value.
pub struct Plain;

/// A binary that is there or not.
pub struct MaybeBinary;

impl<T: NifReturnable> IntoReturned<Plain> for T {
    #[inline]
    fn into_returned(self, env: Env<'_>) -> NifReturned {
        // SAFETY: the returned terms go to `env`'s own caller: this is only called by the entries.
        unsafe { NifReturnable::into_returned(self, env) }
    }
}

impl<E: Encoder> IntoReturned<MaybeBinary> for Result<OwnedBinary, E> {
    fn into_returned(self, env: Env<'_>) -> NifReturned {
        let term = match self {
            Ok(binary) => (atom::ok(), binary.release(env)).encode(env),
            Err(error) => (atom::error(), error).encode(env),
        };
        NifReturned::Term(term.as_c_arg())
    }
}

impl IntoReturned<MaybeBinary> for Option<OwnedBinary> {
    fn into_returned(self, env: Env<'_>) -> NifReturned {
        let term = match self {
            Some(binary) => binary.release(env).encode(env),
            None => atom::nil().encode(env),
        };
        NifReturned::Term(term.as_c_arg())
    }
}
