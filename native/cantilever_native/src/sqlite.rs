//! SQLite as plain Rust, which knows no term: `nif` lends these connections.

mod authorizer;
mod backup;
mod connection;
mod cursor;
mod error;
mod oneshot;
mod params;
mod query;
mod settings;
mod slot;
mod stack;
mod transaction;
mod watch;

pub use connection::Connection;
pub use cursor::{Chunk, ChunkSize, Cursor, OwnedQuery, Refused};
pub use error::{Error, Reason};
pub use params::Params;
pub use query::{Outcome, Request, Rows, Within};
pub use rusqlite::types::{Value, ValueRef};
pub use rusqlite::version;
pub use rusqlite::{Row, Statement};
pub use settings::{Role, Settings};
pub use slot::{Slot, Unavailable};
pub use watch::Call;

#[cfg(test)]
mod tests;
