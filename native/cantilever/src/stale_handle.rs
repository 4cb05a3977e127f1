//! What is said of a handle that a build of the library gets which has not made it.

use rustler::{Encoder, Env, Term};

use crate::build::{BUILD, Foreign};
use crate::{module, raise};

mod atoms {
    rustler::atoms! {
        stale_handle = "Elixir.Cantilever.StaleHandle",
        struct_ = "__struct__",
        message,
        module,
        type_ = "type",
        made_by,
        loaded,
    }
}

/// The fields of a `Cantilever.StaleHandle`.
#[derive(Debug)]
pub struct StaleHandle {
    message: String,
    type_name: String,
    made_by: String,
    loaded: String,
}

impl StaleHandle {
    /// That of an object which this build does not take over, for a reason if one was looked for.
    pub(crate) fn new(foreign: &Foreign, reason: Option<&str>) -> Self {
        let made_by = foreign.build.label();
        let loaded = BUILD.info().label();
        StaleHandle {
            message: format!(
                "{} is a handle to a `{}` that version {made_by} of the library has made, and version {loaded} does \
                 not take it over{}",
                unknown_argument(),
                foreign.type_name,
                reason.map_or(String::new(), |reason| format!(": {reason}")),
            ),
            type_name: foreign.type_name.to_owned(),
            made_by,
            loaded,
        }
    }

    /// One that was encoded already, as happens on the way out of nested decoders.
    pub(crate) fn from_term(term: Term<'_>) -> Option<Self> {
        let env = term.get_env();
        let field = |key: rustler::Atom| term.map_get(key.to_term(env)).ok();
        let text = |key| field(key)?.decode::<String>().ok();
        field(atoms::struct_()).filter(|name| *name == atoms::stale_handle().to_term(env))?;
        Some(StaleHandle {
            message: text(atoms::message())?,
            type_name: text(atoms::type_())?,
            made_by: text(atoms::made_by())?,
            loaded: text(atoms::loaded())?,
        })
    }

    /// Says which argument it is.
    pub(crate) fn of_argument(mut self, argument: &str) -> Self {
        if let Some(rest) = self.message.strip_prefix(&unknown_argument()) {
            self.message = format!("{argument}{rest}");
        }
        self
    }
}

impl Encoder for StaleHandle {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let fields = [
            (atoms::message().to_term(env), self.message.encode(env)),
            (atoms::module().to_term(env), module::term(env)),
            (atoms::type_().to_term(env), self.type_name.encode(env)),
            (atoms::made_by().to_term(env), self.made_by.encode(env)),
            (atoms::loaded().to_term(env), self.loaded.encode(env)),
        ];
        raise::exception(env, atoms::stale_handle().to_term(env), &fields)
    }
}

fn unknown_argument() -> String {
    format!("{}: an argument", module::name())
}
