//! SQLite as plain Rust, which knows no term: `nif` lends these connections.

mod authorizer;
mod connection;
mod error;
mod params;
mod query;
mod settings;
mod slot;
mod transaction;
mod watch;

pub use connection::Connection;
pub use error::{Error, Reason};
pub use params::Params;
pub use query::{Outcome, Request, Rows, Within};
pub use rusqlite::types::{Value, ValueRef};
pub use rusqlite::{Row, Statement};
pub use settings::{Role, Settings};
pub use slot::{Slot, Unavailable};
pub use watch::Call;
