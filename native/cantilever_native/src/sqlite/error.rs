//! What goes wrong, and what a caller can do about it.

use rusqlite::ffi;

/// The kind of an error. Each asks for something else of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Another connection holds a lock: the same again, later.
    Busy,
    /// Its time is over.
    Timeout,
    /// Nobody waits for the answer any more.
    Cancelled,
    /// A constraint of a table is violated.
    Constraint,
    /// There is no room.
    DiskFull,
    /// The system could not read or write.
    Io,
    /// The file is damaged.
    Corrupt,
    /// The file is none of SQLite's.
    NotADatabase,
    /// The file cannot be written.
    ReadOnly,
    /// The file cannot be opened.
    CannotOpen,
    /// There is no memory.
    NoMemory,
    /// The statement cannot be prepared.
    Syntax,
    /// It was, and failed while it ran.
    Failed,
    /// A value cannot be bound.
    Parameter,
    /// A value of a row cannot be had.
    Value,
    /// Something is larger than a limit.
    TooBig,
    /// The authorizer has refused it.
    NotAllowed,
    /// There is more than one statement.
    MultipleStatements,
    /// A statement that writes, where only reading is wanted.
    Writes,
    /// A plain statement has left a transaction open.
    OpenTransaction,
    /// The transaction is over, and nothing of it was stored.
    RolledBack,
    /// The system has failed while a commit was written.
    Uncertain,
}

/// An error after which it is known what is stored: nothing of the call, unless it is `Uncertain`.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind it is.
    pub reason: Reason,
    /// SQLite's extended code, where the error is one of its own.
    pub code: Option<i32>,
    /// What is wrong, with what.
    pub message: String,
}

impl Error {
    /// One that SQLite has no code for.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Error {
            reason,
            code: None,
            message: message.into(),
        }
    }

    /// What it means where it may be one of a commit. That may be in the log of the database as a whole, where recovery finds it after a
    /// crash, although the system has failed to say that it is on the disk. A full disk has not taken its end.
    pub(super) fn of_commit(self) -> Self {
        match self.reason {
            Reason::Io | Reason::NoMemory | Reason::CannotOpen => Error {
                reason: Reason::Uncertain,
                message: format!("it cannot be told whether it is stored: {}", self.message),
                ..self
            },
            _ => self,
        }
    }

    /// Whether the statement was stopped by the progress handler.
    pub(super) fn is_interrupt(&self) -> bool {
        self.code.map(|code| code & 0xff) == Some(ffi::SQLITE_INTERRUPT)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let (code, message) = match error {
            rusqlite::Error::SqliteFailure(failure, message) => {
                let message = message.unwrap_or_else(|| failure.to_string());
                (failure.extended_code, message)
            }
            rusqlite::Error::SqlInputError {
                error, msg, offset, ..
            } => {
                let message = if offset >= 0 {
                    format!("{msg}, at byte {offset}")
                } else {
                    msg
                };
                (error.extended_code, message)
            }
            rusqlite::Error::MultipleStatement => return Error::multiple_statements(),
            rusqlite::Error::Empty => {
                let message = "there is no statement: the SQL is empty, or a comment";
                return Error::new(Reason::Syntax, message);
            }
            rusqlite::Error::InvalidPath(path) => {
                let message = format!("{} is no path that SQLite can take", path.display());
                return Error::new(Reason::CannotOpen, message);
            }
            other => return Error::new(Reason::Failed, other.to_string()),
        };
        Error {
            reason: reason_of(code),
            code: Some(code),
            message,
        }
    }
}

impl Error {
    pub(super) fn multiple_statements() -> Self {
        let message = "there is more than one statement: give each its own call";
        Error::new(Reason::MultipleStatements, message)
    }
}

/// The low byte of an extended code says what it is, the rest says more.
fn reason_of(code: i32) -> Reason {
    match code & 0xff {
        // A race for the lock that is due to recovery, and other processes in one shared cache.
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => Reason::Busy,
        ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH => Reason::Constraint,
        ffi::SQLITE_FULL => Reason::DiskFull,
        ffi::SQLITE_IOERR => Reason::Io,
        ffi::SQLITE_CORRUPT => Reason::Corrupt,
        ffi::SQLITE_NOTADB => Reason::NotADatabase,
        ffi::SQLITE_READONLY => Reason::ReadOnly,
        ffi::SQLITE_CANTOPEN | ffi::SQLITE_PERM => Reason::CannotOpen,
        ffi::SQLITE_NOMEM => Reason::NoMemory,
        ffi::SQLITE_TOOBIG => Reason::TooBig,
        ffi::SQLITE_RANGE => Reason::Parameter,
        ffi::SQLITE_AUTH => Reason::NotAllowed,
        _ => Reason::Failed,
    }
}
