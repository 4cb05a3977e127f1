//! A connection, whose calls can be stopped.

use super::authorizer::Authorizer;
use super::error::{Error, Reason};
use super::settings::{Role, Settings};
use super::stack;
use super::watch::{Call, Watch};

/// A connection to a database. Between two calls, no statement runs in it.
pub struct Connection {
    pub(super) inner: rusqlite::Connection,
    pub(super) authorizer: Authorizer,
    pub(super) watch: Watch,
    pub(super) role: Role,
}

impl Connection {
    /// Opens the database.
    pub fn open(settings: &Settings, call: Call) -> Result<Self, Error> {
        stack::with_room(|| Self::open_here(settings, call))
    }

    fn open_here(settings: &Settings, call: Call) -> Result<Self, Error> {
        let mut connection = Connection {
            inner: settings.open()?,
            authorizer: Authorizer::new(),
            watch: Watch::new(),
            role: settings.role,
        };
        let watch = connection.watch.clone();
        let handler = Some(move || watch.is_over()).filter(|_| settings.progress_steps > 0);
        connection
            .inner
            .progress_handler(settings.progress_steps, handler)?;
        let authorizer = connection.authorizer.clone();
        connection
            .inner
            .authorizer(Some(move |context: rusqlite::hooks::AuthContext<'_>| {
                authorizer.authorize(&context)
            }))?;
        connection.call(call, |this| settings.settle(&this.inner))?;
        connection.authorizer.close();
        Ok(connection)
    }

    /// Runs `work` as one call.
    pub(super) fn call<'a, T>(
        &'a self,
        call: Call,
        work: impl FnOnce(&'a Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        stack::with_room(|| self.watch.run(call, || work(self)))
            .map_err(|error| self.with_objection(error))
    }

    pub(super) fn is_in_transaction(&self) -> bool {
        !self.inner.is_autocommit()
    }

    /// What the authorizer has to say is more than "not authorized".
    fn with_objection(&self, error: Error) -> Error {
        let objection = self.authorizer.take_objection();
        match objection {
            Some(message) if error.reason == Reason::NotAllowed => Error { message, ..error },
            _ => error,
        }
    }
}
