//! What Elixir asks for.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cantilever::rustler::{self, Error as NifError, NifTuple, NifUnitEnum, TermType};
use cantilever::{Binary, CancelToken, Term};

use super::reply::Failure;
use crate::sqlite::{self, Call, Error, Params, Reason, Role, Settings, ValueRef};

rustler::atoms! {
    nil,
    blob,
}

#[derive(NifUnitEnum)]
pub(super) enum RoleName {
    Writer,
    Reader,
    Memory,
}

#[derive(NifUnitEnum)]
pub(super) enum WithinName {
    Read,
    Itself,
    Transaction,
}

#[derive(NifUnitEnum)]
pub(super) enum Step {
    Begin,
    Commit,
    RollBack,
}

/// `{path, role, durable?, statements, progress_steps, max_bytes}`
#[derive(NifTuple)]
pub(super) struct OpenRequest {
    path: String,
    role: RoleName,
    is_durable: bool,
    statements: u32,
    progress_steps: u32,
    max_bytes: u32,
}

impl OpenRequest {
    pub(super) fn settings(&self) -> Settings {
        Settings {
            path: self.path.clone(),
            role: match self.role {
                RoleName::Writer => Role::Writer,
                RoleName::Reader => Role::Reader,
                RoleName::Memory => Role::Memory,
            },
            is_durable: self.is_durable,
            statements: self.statements as usize,
            progress_steps: i32::try_from(self.progress_steps).unwrap_or(i32::MAX),
            max_bytes: i32::try_from(self.max_bytes).unwrap_or(i32::MAX),
        }
    }
}

/// `{sql, within, max_result}`
#[derive(NifTuple)]
pub(super) struct QueryRequest<'a> {
    pub(super) sql: &'a str,
    within: WithinName,
    pub(super) max_result: usize,
}

impl<'a> From<QueryRequest<'a>> for sqlite::Request<'a> {
    fn from(request: QueryRequest<'a>) -> Self {
        sqlite::Request {
            sql: request.sql,
            within: match request.within {
                WithinName::Read => sqlite::Within::Read,
                WithinName::Itself => sqlite::Within::Itself,
                WithinName::Transaction => sqlite::Within::Transaction,
            },
            max_result: request.max_result,
        }
    }
}

/// `{asked_at, left}`, in microseconds: when by the system's clock the call was made, and what it had left then, or nil.
/// So what a call waits for its dirty scheduler counts too.
#[derive(NifTuple)]
pub(super) struct Clock {
    asked_at: i64,
    left: Option<u64>,
}

impl Clock {
    pub(super) fn call(&self, cancel: CancelToken) -> Call {
        let left = self.left.map(|left| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let now = now.map_or(0, |now| now.as_micros());
            let asked_at = u128::try_from(self.asked_at).unwrap_or(0);
            let waited = u64::try_from(now.saturating_sub(asked_at)).unwrap_or(u64::MAX);
            Duration::from_micros(left.saturating_sub(waited))
        });
        Call::new(left, move || cancel.is_cancelled())
    }
}

/// A list of values, or of `{name, value}`.
pub(super) fn params(term: Term<'_>) -> Result<Params<'_>, Failure> {
    let terms: Vec<Term<'_>> = term.decode()?;
    let named = terms.first().is_some_and(|first| {
        first
            .decode::<(Term<'_>, Term<'_>)>()
            .is_ok_and(|(key, _)| key.is_binary())
    });
    if named {
        let pairs = terms.into_iter().map(|pair| {
            let (name, term) = pair.decode::<(&str, Term<'_>)>()?;
            let value = value(term, || format!("{name:?}"))?;
            Ok((name, value))
        });
        return Ok(Params::Named(pairs.collect::<Result<_, Failure>>()?));
    }
    let values = terms.into_iter().enumerate();
    let values = values.map(|(index, term)| value(term, || (index + 1).to_string()));
    Ok(Params::Positional(values.collect::<Result<_, _>>()?))
}

pub(super) fn bindings(terms: Vec<Term<'_>>) -> Result<Vec<Params<'_>>, Failure> {
    let numbered = terms.into_iter().enumerate();
    let bindings = numbered.map(|(index, term)| {
        params(term).map_err(|failure| match failure {
            Failure::Error(error) => {
                let message = format!("the binding {index} of the batch: {}", error.message);
                Failure::Error(Error { message, ..error })
            }
            other => other,
        })
    });
    bindings.collect()
}

fn value<'a>(term: Term<'a>, place: impl FnOnce() -> String) -> Result<ValueRef<'a>, Failure> {
    match term.get_type() {
        TermType::Atom if nil() == term => Ok(ValueRef::Null),
        TermType::Integer => Ok(ValueRef::Integer(term.decode()?)),
        TermType::Float => Ok(ValueRef::Real(term.decode()?)),
        TermType::Binary => {
            let bytes = Binary::from_term(term)?.as_slice();
            match std::str::from_utf8(bytes) {
                Ok(_) => Ok(ValueRef::Text(bytes)),
                Err(error) => {
                    let message = format!(
                        "the parameter {} is no UTF-8 from its byte {} on: pass it as {{:blob, binary}}",
                        place(),
                        error.valid_up_to()
                    );
                    Err(Error::new(Reason::Parameter, message).into())
                }
            }
        }
        TermType::Tuple => {
            let (tag, bytes) = term.decode::<(rustler::Atom, Binary<'a>)>()?;
            if tag == blob() {
                Ok(ValueRef::Blob(bytes.as_slice()))
            } else {
                Err(NifError::BadArg.into())
            }
        }
        _ => Err(NifError::BadArg.into()),
    }
}

impl From<NifError> for Failure {
    fn from(_error: NifError) -> Self {
        // What Elixir has not let through never gets here, except from who calls the function itself.
        let message = "a parameter is none of nil, an integer of 64 bits, a float, a binary and {:blob, binary}";
        Error::new(Reason::Parameter, message).into()
    }
}
