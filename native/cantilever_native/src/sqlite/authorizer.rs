//! What no statement of a caller may do, as the connection is shared: SQLite asks while it prepares one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// Settings of the connection that all its callers rely on.
const FIXED: [&str; 8] = [
    "busy_timeout",
    "cell_size_check",
    "foreign_keys",
    "journal_mode",
    "locking_mode",
    "query_only",
    "trusted_schema",
    "writable_schema",
];

/// Refuses what would change a connection for those who use it next.
#[derive(Clone)]
pub(super) struct Authorizer(Arc<State>);

struct State {
    /// While the statement is one of the worker's own.
    is_own: AtomicBool,
    objection: Mutex<Option<String>>,
}

impl Authorizer {
    pub(super) fn new() -> Self {
        Authorizer(Arc::new(State {
            is_own: AtomicBool::new(true),
            objection: Mutex::new(None),
        }))
    }

    /// From here on, `own` alone prepares what is refused to callers.
    pub(super) fn close(&self) {
        self.0.is_own.store(false, Ordering::Relaxed);
    }

    pub(super) fn own<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = self.0.is_own.swap(true, Ordering::Relaxed);
        let result = work();
        self.0.is_own.store(before, Ordering::Relaxed);
        result
    }

    /// Why the last statement was refused.
    pub(super) fn take_objection(&self) -> Option<String> {
        self.objection().take()
    }

    pub(super) fn authorize(&self, context: &AuthContext<'_>) -> Authorization {
        if self.0.is_own.load(Ordering::Relaxed) {
            return Authorization::Allow;
        }
        match objection_to(&context.action) {
            None => Authorization::Allow,
            Some(objection) => {
                *self.objection() = Some(objection);
                Authorization::Deny
            }
        }
    }

    fn objection(&self) -> MutexGuard<'_, Option<String>> {
        let objection = self.0.objection.lock();
        objection.unwrap_or_else(PoisonError::into_inner)
    }
}

fn objection_to(action: &AuthAction<'_>) -> Option<String> {
    match *action {
        AuthAction::Transaction { .. } => Some(
            "BEGIN, COMMIT and ROLLBACK are not for statements: use transaction/3 and rollback/2"
                .to_owned(),
        ),
        // VACUUM attaches a nameless file of its own.
        AuthAction::Attach { filename: "" } => None,
        AuthAction::Attach { filename } => Some(format!(
            "ATTACH and VACUUM INTO are not allowed, so no other file is opened (this was {filename:?}): give each database a worker of its own, and copy by backup/3"
        )),
        AuthAction::Detach { .. } => Some("DETACH is not allowed".to_owned()),
        AuthAction::Pragma {
            pragma_name,
            pragma_value: Some(_),
        } if FIXED
            .iter()
            .any(|name| name.eq_ignore_ascii_case(pragma_name)) =>
        {
            Some(format!(
                "PRAGMA {pragma_name} cannot be set by a statement, as others use the connection too"
            ))
        }
        _ => None,
    }
}
