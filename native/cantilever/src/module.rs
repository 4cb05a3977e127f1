//! The Elixir module that this library belongs to.

use std::sync::OnceLock;

use rustler::{Atom, Encoder, Env, Term};

static NAME: OnceLock<&'static str> = OnceLock::new();

/// Remembers the module, by its name as an atom.
pub(crate) fn set(atom: &'static str) {
    NAME.get_or_init(|| atom);
}

/// The module's name, as Elixir writes it.
pub(crate) fn name() -> &'static str {
    NAME.get().map_or("a native function", |atom| {
        atom.strip_prefix("Elixir.").unwrap_or(atom)
    })
}

/// The module as a term: an atom, once a library is loaded.
pub(crate) fn term(env: Env<'_>) -> Term<'_> {
    match NAME.get().map(|atom| Atom::from_str(env, atom)) {
        Some(Ok(atom)) => atom.to_term(env),
        _ => name().encode(env),
    }
}
