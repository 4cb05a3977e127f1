//! SQLite: connections that are lent, one call at a time.

mod reply;
mod request;

use cantilever::{CancelToken, Encoder, Env, Handle, Term, rustler};

use self::reply::{Failure, Runs, TermRows};
use self::request::{Clock, OpenRequest, QueryRequest, Step};
use crate::sqlite::{Connection, Error, Slot, Unavailable};

type Place = Slot<Connection>;

rustler::atoms! {
    ok,
    error,
}

/// Opens a database.
#[cantilever::nif(schedule = "DirtyIo")]
fn sqlite_open(
    request: OpenRequest,
    clock: Clock,
    cancel: CancelToken,
) -> Result<Handle<Place>, Failure> {
    let connection = Connection::open(&request.settings(), clock.call(cancel))?;
    Ok(Handle::new(Slot::new(connection)))
}

/// Begins the next lease.
#[cantilever::nif]
fn sqlite_lend(connection: Handle<Place>) -> Result<u64, Failure> {
    Ok(connection.lend()?)
}

/// Runs a statement once.
#[cantilever::nif(schedule = "DirtyIo")]
fn sqlite_query<'a>(
    env: Env<'a>,
    connection: Handle<Place>,
    lease: u64,
    request: QueryRequest<'a>,
    params: Term<'a>,
    clock: Clock,
    cancel: CancelToken,
) -> Result<Term<'a>, Failure> {
    let params = request::params(params)?;
    let mut rows = TermRows::new(env);
    with(&connection, Some(lease), |connection| {
        connection.query(request.into(), &params, clock.call(cancel), &mut rows)
    })?;
    Ok(rows.encode(env))
}

/// Runs a statement once for each of the bindings, all of them or none.
#[cantilever::nif(schedule = "DirtyIo")]
fn sqlite_query_many<'a>(
    env: Env<'a>,
    connection: Handle<Place>,
    lease: u64,
    request: QueryRequest<'a>,
    bindings: Vec<Term<'a>>,
    clock: Clock,
    cancel: CancelToken,
) -> Result<Term<'a>, Failure> {
    let bindings = request::bindings(bindings)?;
    let mut runs = Runs::new(env, bindings.len());
    with(&connection, Some(lease), |connection| {
        connection.query_many(request.into(), &bindings, clock.call(cancel), &mut runs)
    })?;
    Ok(runs.encode(env))
}

/// Begins a transaction, or ends it.
#[cantilever::nif(schedule = "DirtyIo")]
fn sqlite_transact(
    connection: Handle<Place>,
    lease: u64,
    step: Step,
    clock: Clock,
    cancel: CancelToken,
) -> Result<rustler::Atom, Failure> {
    with(&connection, Some(lease), |connection| match step {
        Step::Begin => connection.begin(clock.call(cancel)),
        Step::Commit => connection.commit(clock.call(cancel)),
        Step::RollBack => connection.roll_back(),
    })?;
    Ok(ok())
}

/// Rolls back what a holder has left open.
#[cantilever::nif(schedule = "DirtyIo")]
fn sqlite_reset(connection: Handle<Place>) -> Result<rustler::Atom, Failure> {
    with(&connection, None, Connection::roll_back)?;
    Ok(ok())
}

/// Closes it, as soon as the call that has it is over.
#[cantilever::nif(schedule = "DirtyIo")]
fn sqlite_close(connection: Handle<Place>) -> rustler::Atom {
    connection.close();
    ok()
}

fn with<R>(
    place: &Place,
    lease: Option<u64>,
    work: impl FnOnce(&mut Connection) -> Result<R, Error>,
) -> Result<R, Failure> {
    Ok(place.run(lease, work)??)
}

impl From<Unavailable> for Failure {
    fn from(unavailable: Unavailable) -> Self {
        Failure::Unavailable(unavailable)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Error(error)
    }
}
