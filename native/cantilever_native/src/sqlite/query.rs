//! Running statements. Whatever happens, no statement and no transaction is left open that was not there before.

use memchr::memchr;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, CachedStatement, Row, Statement};

use super::connection::Connection;
use super::error::{Error, Reason};
use super::params::Params;
use super::watch::Call;

/// What a statement may do, and where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// It may only read.
    Read,
    /// It is a transaction of its own.
    Itself,
    /// A transaction that was begun before.
    Transaction,
}

/// A statement to run.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// One statement.
    pub sql: &'a str,
    /// Where it runs.
    pub within: Within,
    /// About how many bytes its rows may take.
    pub max_result: usize,
}

/// What a statement has done, beside its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many rows it has inserted, updated or deleted.
    pub changes: u64,
    /// That of the connection's last insert.
    pub last_insert_rowid: i64,
}

/// Takes the rows of a result as they come.
pub trait Rows {
    /// Before the first row of a run, or after it where there is none.
    fn columns(&mut self, statement: &Statement<'_>);
    /// The next row, of so many columns.
    fn row(&mut self, row: &Row<'_>, columns: usize) -> Result<(), Error>;
    /// After the last row of a run.
    fn end(&mut self, outcome: Outcome);
}

impl Connection {
    /// Runs a statement once.
    pub fn query(
        &mut self,
        request: Request<'_>,
        params: &Params<'_>,
        call: Call,
        rows: &mut dyn Rows,
    ) -> Result<(), Error> {
        let within = request.within;
        self.check_place(within)?;
        let authorizer = self.authorizer.clone();
        let result = self.call(call, |this| {
            authorizer.caller(request.sql, || {
                let mut statement = this.prepare(request.sql)?;
                if within == Within::Read && !statement.readonly() {
                    let message = "the statement writes, and only reading is wanted";
                    return Err(Error::new(Reason::Writes, message));
                }
                let mut room = request.max_result;
                let result = this.run(&mut statement, params, &mut room, rows);
                // It ends with a commit of its own.
                if within == Within::Itself && !statement.readonly() {
                    return result.map_err(Error::of_commit);
                }
                result
            })
        });
        self.settle(within, result)
    }

    /// That the connection is where the caller takes it to be.
    pub(super) fn check_place(&self, within: Within) -> Result<(), Error> {
        if (within == Within::Transaction) == self.is_in_transaction() {
            return Ok(());
        }
        Err(match within {
            Within::Transaction => rolled_back(),
            _ => Error::new(Reason::OpenTransaction, "a transaction is open"),
        })
    }

    /// That it still is there afterwards.
    pub(super) fn settle<T>(
        &mut self,
        within: Within,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        match (within, self.is_in_transaction()) {
            (Within::Transaction, true) | (Within::Read | Within::Itself, false) => result,
            // What has ended the transaction says more than that it has ended.
            (Within::Transaction, false) => Err(result.err().unwrap_or_else(rolled_back)),
            (Within::Read | Within::Itself, true) => {
                self.roll_back()?;
                let message = "the statement has begun a transaction and left it open, so it was rolled back: use transaction/3";
                Err(result
                    .err()
                    .unwrap_or_else(|| Error::new(Reason::OpenTransaction, message)))
            }
        }
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>, Error> {
        check_single(&self.inner, sql)?;
        self.inner.prepare_cached(sql).map_err(|error| {
            let error = Error::from(error);
            match error.reason {
                Reason::Failed => Error {
                    reason: Reason::Syntax,
                    ..error
                },
                _ => error,
            }
        })
    }

    /// Runs a prepared statement, whose rows may take `room` bytes.
    pub(super) fn run(
        &self,
        statement: &mut Statement<'_>,
        params: &Params<'_>,
        room: &mut usize,
        sink: &mut dyn Rows,
    ) -> Result<(), Error> {
        params.bind(statement)?;
        let changes_before = self.inner.total_changes();
        let mut rows = statement.raw_query();
        // Not before the first step, which prepares the statement again if the tables have changed.
        let mut columns = None;
        while let Some(row) = rows.next()? {
            let columns = *columns.get_or_insert_with(|| {
                sink.columns(row.as_ref());
                row.as_ref().column_count()
            });
            take_room(row, columns, room)?;
            sink.row(row, columns)?;
        }
        drop(rows);
        if columns.is_none() {
            sink.columns(statement);
        }
        // SQLite goes on saying what the last statement that changed something has changed.
        let changes = if self.inner.total_changes() == changes_before {
            0
        } else {
            self.inner.changes()
        };
        sink.end(Outcome {
            changes,
            last_insert_rowid: self.inner.last_insert_rowid(),
        });
        Ok(())
    }
}

fn rolled_back() -> Error {
    let message = "the transaction is over and was rolled back, so nothing of it is stored";
    Error::new(Reason::RolledBack, message)
}

/// What follows a first statement would be forgotten. Preparing finds out too, but a call deeper for every statement.
fn check_single(connection: &rusqlite::Connection, sql: &str) -> Result<(), Error> {
    let sql = sql.trim_end();
    let Some(place) = memchr(b';', sql.as_bytes()) else {
        return Ok(());
    };
    if place + 1 == sql.len() {
        return Ok(());
    }
    let mut statements = Batch::new(connection, sql);
    // Whether it can be prepared is said by who prepares it.
    if !matches!(statements.next(), Ok(Some(_))) {
        return Ok(());
    }
    match statements.next() {
        Ok(None) => Ok(()),
        _ => Err(Error::multiple_statements()),
    }
}

/// About what the row takes as terms.
pub(super) fn take_room(row: &Row<'_>, columns: usize, room: &mut usize) -> Result<(), Error> {
    let mut bytes = 16;
    for column in 0..columns {
        bytes += 16
            + match row.get_ref(column)? {
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
                _ => 0,
            };
    }
    *room = room.checked_sub(bytes).ok_or_else(|| {
        let message = "the result is larger than the option max_result_bytes allows: read it by stream/4, or ask for less";
        Error::new(Reason::TooBig, message)
    })?;
    Ok(())
}
