//! Transactions, of several calls or of one.

use super::connection::Connection;
use super::error::{Error, Reason};
use super::params::Params;
use super::query::{Request, Rows, Within};
use super::watch::Call;

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const ROLLBACK: &str = "ROLLBACK";
const SAVE: &str = "SAVEPOINT cantilever_batch";
const RELEASE: &str = "RELEASE cantilever_batch";
const BACK: &str = "ROLLBACK TO cantilever_batch";

impl Connection {
    /// Begins a transaction that may write, so that it cannot fail later because another one does.
    pub fn begin(&mut self, call: Call) -> Result<(), Error> {
        self.check_place(Within::Itself)?;
        self.call(call, |this| this.own(BEGIN))
    }

    /// Commits it. After an error that is not `Busy` it is rolled back; after that one, it is still open.
    pub fn commit(&mut self, call: Call) -> Result<(), Error> {
        self.check_place(Within::Transaction)?;
        let result = self.call(call, |this| {
            // Whether it is stored must be known, so it is not stopped half-way.
            this.watch.let_finish();
            this.own(COMMIT).map_err(Error::of_commit)
        });
        match result {
            Err(error) if error.reason != Reason::Busy => Err(self.rolled_back_after(error)),
            result => result,
        }
    }

    /// Ends what is open, if there is something. Nothing stops it.
    pub fn roll_back(&mut self) -> Result<(), Error> {
        if self.is_in_transaction() {
            // Nobody should have a connection in such a state, so its reason is one for which it is replaced.
            self.own(ROLLBACK).map_err(|error| Error {
                reason: Reason::Io,
                ..error
            })?;
        }
        Ok(())
    }

    /// What is said to have gone wrong: that it is uncertain what is stored, before that it cannot be rolled back.
    fn rolled_back_after(&mut self, error: Error) -> Error {
        match self.roll_back() {
            Err(worse) if error.reason != Reason::Uncertain => worse,
            _ => error,
        }
    }

    /// Runs a statement once for each of `bindings`, all of them or none.
    pub fn query_many(
        &mut self,
        request: Request<'_>,
        bindings: &[Params<'_>],
        call: Call,
        rows: &mut dyn Rows,
    ) -> Result<(), Error> {
        let within = request.within;
        self.check_place(within)?;
        let (begin, commit) = match within {
            Within::Transaction => (SAVE, RELEASE),
            _ => (BEGIN, COMMIT),
        };
        let result = self.call(call, |this| {
            this.own(begin)?;
            let mut statement = this.prepare(request.sql)?;
            let mut room = request.max_result;
            for (index, params) in bindings.iter().enumerate() {
                this.run(&mut statement, params, &mut room, rows)
                    .map_err(|error| numbered(index, error))?;
            }
            drop(statement);
            this.watch.let_finish();
            this.own(commit).map_err(|error| match within {
                Within::Transaction => error,
                _ => error.of_commit(),
            })
        });
        let result = result.map_err(|error| match within {
            Within::Transaction if self.is_in_transaction() => {
                // Without a savepoint there is nothing to go back to, and nothing was done.
                let _ = self.own(BACK).and_then(|()| self.own(RELEASE));
                error
            }
            Within::Transaction => error,
            _ => self.rolled_back_after(error),
        });
        self.settle(within, result)
    }

    /// Not through the cache of statements, in which a caller who writes the same text would find it, and nobody would be asked whether he
    /// may. To prepare these takes SQLite a microsecond.
    fn own(&self, sql: &str) -> Result<(), Error> {
        self.authorizer.own(|| Ok(self.inner.execute_batch(sql)?))
    }
}

fn numbered(index: usize, error: Error) -> Error {
    let message = format!("the binding {index} of the batch: {}", error.message);
    Error { message, ..error }
}
