//! SQLite: connections that are lent, one call at a time.

mod chunk;
mod reply;
mod request;

use cantilever::{CancelToken, Encoder, Env, Handle, Term, rustler};

use self::chunk::{ChunkTerms, OwnedRows};
use self::reply::{Failure, Runs, TermRows};
use self::request::{Clock, OpenRequest, QueryRequest, Step};
use crate::sqlite::{
    ChunkSize, Connection, Cursor, Error, OwnedQuery, Reason, Refused, Slot, Unavailable,
};

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

/// Begins to read the rows of a query a chunk at a time.
#[cantilever::nif(schedule = "DirtyIo")]
fn sqlite_cursor_open(
    connection: Handle<Place>,
    lease: u64,
    request: QueryRequest<'_>,
    params: Term<'_>,
) -> Result<Handle<Cursor<OwnedRows>>, Failure> {
    let query = OwnedQuery {
        sql: request.sql.to_owned(),
        params: request::params(params)?.to_owned(),
        max_row: request.max_result,
    };
    Ok(Handle::new(Cursor::open(connection, lease, query)?))
}

/// The next rows.
#[cantilever::nif]
async fn sqlite_cursor_next(
    cursor: Handle<Cursor<OwnedRows>>,
    rows: usize,
    clock: Clock,
    cancel: CancelToken,
) -> Result<ChunkTerms, Failure> {
    let size = ChunkSize {
        rows,
        ..chunk::LARGEST
    };
    match cursor.next(size, clock.call(cancel)).await {
        Some(chunk) => Ok(ChunkTerms::from(chunk?)),
        None => Err(Unavailable::Closed.into()),
    }
}

/// Lets go of the connection.
#[cantilever::nif]
fn sqlite_cursor_close(cursor: Handle<Cursor<OwnedRows>>) -> rustler::Atom {
    cursor.close();
    ok()
}

/// Writes a copy of the database, as it is now, into a file that is not there yet.
#[cantilever::nif(schedule = "DirtyIo")]
fn sqlite_backup(
    connection: Handle<Place>,
    lease: u64,
    path: String,
    clock: Clock,
    cancel: CancelToken,
) -> Result<rustler::Atom, Failure> {
    with(&connection, Some(lease), |connection| {
        connection.back_up(&path, clock.call(cancel))
    })?;
    Ok(ok())
}

/// The version of SQLite.
#[cantilever::nif]
fn sqlite_version() -> &'static str {
    crate::sqlite::version()
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

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unavailable(unavailable) => Failure::Unavailable(unavailable),
            Refused::NoThread(error) => {
                let message = format!("there is no thread for a stream: {error}");
                Failure::Error(Error::new(Reason::NoMemory, message))
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Error(error)
    }
}
