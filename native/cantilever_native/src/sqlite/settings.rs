//! How a connection is opened.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::error::{Error, Reason};

/// What the log is cut to, in bytes, once readers have let go of a longer one.
const LONGEST_LOG: u32 = 64 << 20;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one that writes.
    Writer,
    /// One that only reads.
    Reader,
    /// A database of its own, which is lost with the connection.
    Memory,
}

/// How a connection is opened.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file.
    pub path: String,
    /// What it is for.
    pub role: Role,
    /// Whether a commit waits until the disk has it (FULL), or may be undone by a loss of power (NORMAL).
    pub is_durable: bool,
    /// How many prepared statements are kept.
    pub statements: usize,
    /// After how many of its instructions SQLite looks whether it is to stop. 0: never.
    pub progress_steps: i32,
    /// The longest text, blob and row, in bytes.
    pub max_bytes: i32,
}

impl Settings {
    pub(super) fn open(&self) -> Result<Connection, Error> {
        let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match self.role {
            Role::Memory => Connection::open_in_memory_with_flags(access)?,
            Role::Reader => Connection::open_with_flags(&self.path, access)?,
            Role::Writer => {
                let flags = access | OpenFlags::SQLITE_OPEN_CREATE;
                Connection::open_with_flags(&self.path, flags)?
            }
        };
        // A lock that another connection holds is waited for by the caller, who holds no thread meanwhile.
        connection.busy_timeout(Duration::ZERO)?;
        self.limit(&connection)?;
        Ok(connection)
    }

    fn limit(&self, connection: &Connection) -> Result<(), Error> {
        let limits = [
            (Limit::SQLITE_LIMIT_LENGTH, self.max_bytes),
            (
                Limit::SQLITE_LIMIT_SQL_LENGTH,
                self.max_bytes.min(1_000_000),
            ),
            (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 10_000),
            (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
            // That of VACUUM.
            (Limit::SQLITE_LIMIT_ATTACHED, 1),
            (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 100),
        ];
        for (limit, value) in limits {
            connection.set_limit(limit, value)?;
        }
        let switches = [
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
            (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
            (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
            (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
        ];
        for (switch, value) in switches {
            connection.set_db_config(switch, value)?;
        }
        connection.set_prepared_statement_cache_capacity(self.statements);
        Ok(())
    }

    /// What must be read or written in the file itself, and so finds out whether it is a database.
    pub(super) fn settle(&self, connection: &Connection) -> Result<(), Error> {
        if self.role == Role::Writer {
            let mode: String =
                connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0))?;
            if mode != "wal" {
                let message = format!(
                    "the journal mode of {} is {mode}, and cannot be made WAL",
                    self.path
                );
                return Err(Error::new(Reason::CannotOpen, message));
            }
        }
        connection.execute_batch(&format!("PRAGMA journal_size_limit = {LONGEST_LOG}"))?;
        let synchronous = if self.is_durable { "FULL" } else { "NORMAL" };
        connection.execute_batch(&format!("PRAGMA synchronous = {synchronous}"))?;
        if self.role == Role::Reader {
            connection.execute_batch("PRAGMA query_only = ON")?;
        }
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(()))?;
        Ok(())
    }
}
