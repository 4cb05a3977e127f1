//! Encoding error enums.

use std::fmt::Display;

use rustler::{Atom, Encoder, Env, Term};

/// `{kind, message}`.
pub fn encode_error<'a>(env: Env<'a>, kind: &'static str, error: &impl Display) -> Term<'a> {
    let message = error.to_string();
    match Atom::from_str(env, kind) {
        Ok(kind) => (kind, message).encode(env),
        Err(_) => (kind, message).encode(env),
    }
}
