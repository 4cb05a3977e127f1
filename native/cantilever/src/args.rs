//! Decoding arguments, and saying what is wrong with one that does not decode.

use rustler::codegen_runtime::{c_int, inventory};
use rustler::sys::ErlNifTerm;
use rustler::{Decoder, Encoder, Env, Error, Term};

use crate::cancel::CancelToken;
use crate::continuation::IntoFinished;
use crate::returned::{IntoReturned, Returned};
use crate::stale_handle::StaleHandle;
use crate::{handle, inspect, module};

/// What the macro knows of a native function.
#[derive(Debug)]
pub struct NifInfo {
    /// The Erlang name, ending in NUL.
    pub name: &'static str,
    /// The number of Erlang arguments.
    pub arity: u32,
    /// How the VM runs it.
    pub schedule: &'static str,
}

/// A native function, for the list of them.
pub struct Listed(pub &'static NifInfo);

inventory::collect!(Listed);

impl NifInfo {
    pub(crate) fn display_name(&self) -> &'static str {
        self.name.trim_end_matches('\0')
    }
}

/// Why the call is not made. Boxed, so that the results that pass through every call stay small.
#[derive(Debug)]
pub enum BadArgument {
    /// The text of an `ArgumentError`.
    Wrong(Box<String>),
    /// A handle of another build.
    Stale(Box<StaleHandle>),
}

impl BadArgument {
    pub(crate) fn new(message: String) -> Self {
        BadArgument::Wrong(Box::new(message))
    }
}

/// The arguments of one call.
pub struct Args<'a> {
    env: Env<'a>,
    terms: &'a [ErlNifTerm],
    info: &'static NifInfo,
}

impl<'a> Args<'a> {
    /// # Safety
    /// `argv` points to `argc` terms of `env`, for as long as `'a` lasts.
    #[inline]
    pub(crate) unsafe fn new(
        env: Env<'a>,
        info: &'static NifInfo,
        argc: c_int,
        argv: *const ErlNifTerm,
    ) -> Self {
        // SAFETY: as the function's contract says; the VM never passes a negative count.
        let terms = unsafe { std::slice::from_raw_parts(argv, argc as usize) };
        Args { env, terms, info }
    }

    /// The calling process's environment.
    #[inline]
    pub fn env(&self) -> Env<'a> {
        self.env
    }

    /// Decodes the argument at `index`, which the Rust function calls `name`, of type `wanted`.
    ///
    /// # Errors
    /// Says which argument could not be decoded, what was wanted and what came.
    #[inline]
    pub fn decode<T: Decoder<'a>>(
        &self,
        index: usize,
        name: &'static str,
        wanted: &'static str,
    ) -> Result<T, BadArgument> {
        let term = self.term(index);
        T::decode(term).map_err(|error| self.bad_argument(index, name, wanted, term, error))
    }

    /// Decodes a whole number that is narrower than the VM's. (Rustler's own decoders cut off what
    /// does not fit.)
    ///
    /// # Errors
    /// As for [`decode`](Self::decode).
    #[inline]
    pub fn decode_narrow<T: TryFrom<i64>>(
        &self,
        index: usize,
        name: &'static str,
        wanted: &'static str,
    ) -> Result<T, BadArgument> {
        let wide: i64 = self.decode(index, name, wanted)?;
        T::try_from(wide)
            .map_err(|_| self.bad_argument(index, name, wanted, self.term(index), Error::BadArg))
    }

    /// A token that is set when the calling process dies.
    ///
    /// # Errors
    /// Says that the process is dead already.
    pub fn cancel_token(&self) -> Result<CancelToken, BadArgument> {
        CancelToken::for_caller(self.env)
            .map_err(|reason| BadArgument::new(format!("{}: {reason}", self.function())))
    }

    /// Encodes what a Normal function returned, raises it, or goes on with it.
    #[inline]
    pub fn finish<K>(&self, value: impl IntoFinished<K>) -> Returned {
        value.into_finished(self.env, self.info)
    }

    /// Encodes what the function returned, or raises it.
    #[inline]
    pub fn finish_at_once<K>(&self, value: impl IntoReturned<K>) -> Returned {
        value.into_returned(self.env)
    }

    #[inline]
    fn term(&self, index: usize) -> Term<'a> {
        // SAFETY: the terms are those of `env`; the VM calls with as many as the arity says, and
        // the macro counts the same.
        unsafe { Term::new(self.env, self.terms[index]) }
    }

    fn function(&self) -> String {
        format!(
            "{}.{}/{}",
            module::name(),
            self.info.display_name(),
            self.info.arity
        )
    }

    #[cold]
    fn bad_argument(
        &self,
        index: usize,
        name: &str,
        wanted: &str,
        term: Term<'a>,
        error: Error,
    ) -> BadArgument {
        let argument = format!("{}: argument {} ({name})", self.function(), index + 1);
        let detail = match error {
            Error::RaiseTerm(value) | Error::Term(value) => Some(value.encode(self.env)),
            Error::RaiseAtom(text) | Error::Atom(text) => Some(text.encode(self.env)),
            Error::BadArg => None,
        };
        let stale = match detail {
            Some(detail) => StaleHandle::from_term(detail),
            None => handle::foreign(term)
                .filter(|foreign| speaks_of(wanted, foreign.type_name))
                .map(|foreign| StaleHandle::new(&foreign, None)),
        };
        if let Some(stale) = stale {
            return BadArgument::Stale(Box::new(stale.of_argument(&argument)));
        }
        BadArgument::new(format!(
            "{argument} must be {}{}, got: {}",
            expected(wanted),
            detail
                .and_then(|detail| detail.decode::<String>().ok())
                .map(|text| format!(" ({text})"))
                .unwrap_or_default(),
            inspect::inspect(term)
        ))
    }
}

/// Whether the Rust type `wanted`, such as `Option<Handle<Counter>>`, is of handles to `type_name`.
fn speaks_of(wanted: &str, type_name: &str) -> bool {
    let name = type_name.rsplit("::").next().unwrap_or(type_name);
    wanted.contains(&format!("Handle<{name}>")) || wanted.contains(&format!("::{name}>"))
}

/// Says in words which terms decode as the Rust type `wanted`, written without spaces.
fn expected(wanted: &str) -> String {
    let (outer, inner) = match wanted.split_once('<') {
        Some((outer, inner)) => (outer, inner.strip_suffix('>').unwrap_or(inner)),
        None => (wanted, ""),
    };
    let outer = outer.rsplit("::").next().unwrap_or(outer);
    let integer = |low: i128, high: u128| format!("an integer from {low} to {high}");
    match outer {
        "u8" => integer(0, u8::MAX.into()),
        "u16" => integer(0, u16::MAX.into()),
        "u32" => integer(0, u32::MAX.into()),
        "u64" | "usize" => integer(0, u64::MAX.into()),
        "u128" => integer(0, u128::MAX),
        "i8" => integer(i8::MIN.into(), i8::MAX as u128),
        "i16" => integer(i16::MIN.into(), i16::MAX as u128),
        "i32" => integer(i32::MIN.into(), i32::MAX as u128),
        "i64" | "isize" => integer(i64::MIN.into(), i64::MAX as u128),
        "i128" => integer(i128::MIN, i128::MAX as u128),
        "BigInt" => "an integer".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "bool" => "true or false".to_owned(),
        "Atom" => "an atom".to_owned(),
        "String" | "&str" => "a UTF-8 string".to_owned(),
        "Binary" | "SharedBinary" | "OwnedBinary" => "a binary".to_owned(),
        "LocalPid" => "the pid of a local process".to_owned(),
        "Reference" => "a reference".to_owned(),
        "Handle" => format!("a handle to a `{inner}` that the library loaded now has made"),
        "ResourceArc" => {
            format!("a resource of type `{inner}` that the library loaded now has made")
        }
        "Option" => format!("{} or nil", expected(inner)),
        "Vec" => format!("a list ({} each)", expected(inner)),
        _ => format!("a term that decodes as `{wanted}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::{expected, speaks_of};

    #[test]
    fn handles_of_a_type_are_recognised_in_what_is_wanted() {
        assert!(speaks_of("Option<Handle<Counter>>", "a::b::Counter"));
        assert!(speaks_of("cantilever::Handle<b::Counter>", "a::b::Counter"));
        assert!(!speaks_of("Handle<Other>", "a::b::Counter"));
        assert!(!speaks_of("u64", "a::b::Counter"));
    }

    #[test]
    fn expected_speaks_of_terms_not_of_rust_types() {
        assert_eq!(expected("u8"), "an integer from 0 to 255");
        assert_eq!(expected("Option<String>"), "a UTF-8 string or nil");
        assert_eq!(
            expected("Vec<cantilever::BigInt>"),
            "a list (an integer each)"
        );
        assert_eq!(expected("Binary<'a>"), "a binary");
        assert_eq!(expected("Scene"), "a term that decodes as `Scene`");
        assert!(expected("Handle<Scene>").starts_with("a handle to a `Scene`"));
    }
}

#[cfg(test)]
mod properties;
