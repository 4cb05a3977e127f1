//! Copying a database while it is used.

use super::connection::Connection;
use super::error::Error;
use super::query::Within;
use super::settings::Role;
use super::watch::Call;

impl Connection {
    /// Writes the database, as it is now, into a file that is not there yet. What others write meanwhile is not in it.
    pub fn back_up(&mut self, path: &str, call: Call) -> Result<(), Error> {
        self.check_place(Within::Read)?;
        let result = self.call(call, |this| {
            this.authorizer.own(|| {
                // It writes to no database of the connection, yet SQLite takes it for a write.
                let _reading = ReadingOnly::lift(this)?;
                this.inner.execute("VACUUM INTO ?1", [path])?;
                Ok(())
            })
        });
        self.settle(Within::Read, result)
    }
}

/// Makes a reader one again.
struct ReadingOnly<'a>(&'a Connection);

impl<'a> ReadingOnly<'a> {
    fn lift(connection: &'a Connection) -> Result<Self, Error> {
        if connection.role == Role::Reader {
            connection.inner.execute_batch("PRAGMA query_only = OFF")?;
        }
        Ok(ReadingOnly(connection))
    }
}

impl Drop for ReadingOnly<'_> {
    fn drop(&mut self) {
        if self.0.role == Role::Reader {
            // Only a statement that writes would notice, and readers run none.
            let _ = self.0.inner.execute_batch("PRAGMA query_only = ON");
        }
    }
}
