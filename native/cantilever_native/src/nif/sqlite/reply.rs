//! What Elixir gets.

use cantilever::{Encoder, Env, NewBinary, Term, rustler};

use crate::sqlite::{Error, Outcome, Reason, Row, Rows, Statement, Unavailable, ValueRef};

rustler::atoms! {
    nil,
    blob,
    in_use,
    closed,
    stale,
    busy,
    timeout,
    cancelled,
    constraint,
    disk_full,
    io,
    corrupt,
    not_a_database,
    read_only,
    cannot_open,
    no_memory,
    syntax,
    failed,
    parameter,
    value,
    too_big,
    not_allowed,
    multiple_statements,
    writes,
    open_transaction,
    rolled_back,
    uncertain,
}

/// `{:error, {reason, code, message}}`, or `{:error, why}` where the connection cannot be had.
pub(in super::super) enum Failure {
    Error(Error),
    Unavailable(Unavailable),
}

impl Encoder for Failure {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        match self {
            Failure::Error(error) => {
                (reason(error.reason), error.code, error.message.as_str()).encode(env)
            }
            Failure::Unavailable(Unavailable::InUse) => in_use().encode(env),
            Failure::Unavailable(Unavailable::Closed) => closed().encode(env),
            Failure::Unavailable(Unavailable::Stale) => stale().encode(env),
        }
    }
}

fn reason(reason: Reason) -> rustler::Atom {
    match reason {
        Reason::Busy => busy(),
        Reason::Timeout => timeout(),
        Reason::Cancelled => cancelled(),
        Reason::Constraint => constraint(),
        Reason::DiskFull => disk_full(),
        Reason::Io => io(),
        Reason::Corrupt => corrupt(),
        Reason::NotADatabase => not_a_database(),
        Reason::ReadOnly => read_only(),
        Reason::CannotOpen => cannot_open(),
        Reason::NoMemory => no_memory(),
        Reason::Syntax => syntax(),
        Reason::Failed => failed(),
        Reason::Parameter => parameter(),
        Reason::Value => value(),
        Reason::TooBig => too_big(),
        Reason::NotAllowed => not_allowed(),
        Reason::MultipleStatements => multiple_statements(),
        Reason::Writes => writes(),
        Reason::OpenTransaction => open_transaction(),
        Reason::RolledBack => rolled_back(),
        Reason::Uncertain => uncertain(),
    }
}

/// Rows as terms of the caller: `{columns, rows, changes, last_insert_rowid}`
pub(super) struct TermRows<'a> {
    env: Env<'a>,
    columns: Vec<Term<'a>>,
    rows: Vec<Term<'a>>,
    outcome: Outcome,
}

impl<'a> TermRows<'a> {
    pub(super) fn new(env: Env<'a>) -> Self {
        TermRows {
            env,
            columns: Vec::new(),
            rows: Vec::new(),
            outcome: Outcome::default(),
        }
    }
}

impl Rows for TermRows<'_> {
    fn columns(&mut self, statement: &Statement<'_>) {
        let env = self.env;
        let names = statement.column_names();
        self.columns = names.map(|name| name.encode(env)).collect();
    }

    fn row(&mut self, row: &Row<'_>, columns: usize) -> Result<(), Error> {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            let value = row.get_ref(column).map_err(Error::from)?;
            values.push(term(self.env, value, |number| {
                infinite(number, row, column)
            })?);
        }
        self.rows.push(values.encode(self.env));
        Ok(())
    }

    fn end(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Encoder for TermRows<'_> {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let Outcome {
            changes,
            last_insert_rowid,
        } = self.outcome;
        (&self.columns, &self.rows, changes, last_insert_rowid).encode(env)
    }
}

/// The runs of a batch: `{columns, [{rows, changes, last_insert_rowid}]}`
pub(super) struct Runs<'a> {
    current: TermRows<'a>,
    ended: Vec<Term<'a>>,
}

impl<'a> Runs<'a> {
    pub(super) fn new(env: Env<'a>, count: usize) -> Self {
        Runs {
            current: TermRows::new(env),
            ended: Vec::with_capacity(count),
        }
    }
}

impl Rows for Runs<'_> {
    fn columns(&mut self, statement: &Statement<'_>) {
        // The same for each run.
        if self.ended.is_empty() {
            self.current.columns(statement);
        }
    }

    fn row(&mut self, row: &Row<'_>, columns: usize) -> Result<(), Error> {
        self.current.row(row, columns)
    }

    fn end(&mut self, outcome: Outcome) {
        let rows = &self.current.rows;
        let run = (rows, outcome.changes, outcome.last_insert_rowid).encode(self.current.env);
        self.current.rows.clear();
        self.ended.push(run);
    }
}

impl Encoder for Runs<'_> {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        (&self.current.columns, &self.ended).encode(env)
    }
}

fn term<'a>(
    env: Env<'a>,
    value: ValueRef<'_>,
    infinite: impl FnOnce(f64) -> Error,
) -> Result<Term<'a>, Error> {
    Ok(match value {
        ValueRef::Null => nil().encode(env),
        ValueRef::Integer(number) => number.encode(env),
        ValueRef::Real(number) if number.is_finite() => number.encode(env),
        ValueRef::Real(number) => return Err(infinite(number)),
        ValueRef::Text(bytes) => binary(env, bytes),
        ValueRef::Blob(bytes) => (blob(), binary(env, bytes)).encode(env),
    })
}

/// No float of Elixir is infinite.
pub(super) fn infinite(number: f64, row: &Row<'_>, column: usize) -> Error {
    let statement: &Statement<'_> = row.as_ref();
    let name = statement.column_name(column).unwrap_or("?");
    let message = format!(
        "the column {name:?} of a row is {number}, which no float of Elixir can be: read it as CAST(… AS TEXT)"
    );
    Error::new(Reason::Value, message)
}

pub(super) fn binary<'a>(env: Env<'a>, bytes: &[u8]) -> Term<'a> {
    let mut binary = NewBinary::new(env, bytes.len());
    binary.as_mut_slice().copy_from_slice(bytes);
    binary.into()
}
