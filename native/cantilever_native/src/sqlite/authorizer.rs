//! What no statement of a caller may do, as the connection is shared: SQLite asks while it prepares one.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::ffi;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// PRAGMAs that may have a value: it is what they look at, or how much of it, or it is for the file. All others would set something of the
/// connection, or of SQLite as a whole, which all callers rely on.
const WITH_A_VALUE: [&str; 15] = [
    "application_id",
    "foreign_key_check",
    "foreign_key_list",
    "incremental_vacuum",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "optimize",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
    "user_version",
    "wal_checkpoint",
];

/// Refuses what would change a connection for those who use it next.
#[derive(Clone)]
pub(super) struct Authorizer(Arc<State>);

/// Those of callers.
const CALLERS: u8 = 0;
/// A caller's VACUUM, which runs statements of its own.
const VACUUM: u8 = 1;
/// The worker's own.
const OWN: u8 = 2;

const VACUUM_WORD: &[u8] = b"VACUUM";

struct State {
    /// Whose statements are prepared.
    statements: AtomicU8,
    objection: Mutex<Option<String>>,
}

impl Authorizer {
    pub(super) fn new() -> Self {
        Authorizer(Arc::new(State {
            statements: AtomicU8::new(OWN),
            objection: Mutex::new(None),
        }))
    }

    /// From here on, `own` alone prepares what is refused to callers.
    pub(super) fn close(&self) {
        self.0.statements.store(CALLERS, Ordering::Relaxed);
    }

    /// Prepares what no caller may.
    pub(super) fn own<T>(&self, work: impl FnOnce() -> T) -> T {
        self.with(OWN, work)
    }

    /// Prepares and runs a statement of a caller.
    pub(super) fn caller<T>(&self, sql: &str, work: impl FnOnce() -> T) -> T {
        let word = sql.trim_start().as_bytes().get(..VACUUM_WORD.len());
        if word.is_some_and(|word| word.eq_ignore_ascii_case(VACUUM_WORD)) {
            self.with(VACUUM, work)
        } else {
            work()
        }
    }

    fn with<T>(&self, statements: u8, work: impl FnOnce() -> T) -> T {
        let before = self.0.statements.swap(statements, Ordering::Relaxed);
        let result = work();
        self.0.statements.store(before, Ordering::Relaxed);
        result
    }

    /// Why the last statement was refused.
    pub(super) fn take_objection(&self) -> Option<String> {
        self.objection().take()
    }

    pub(super) fn authorize(&self, context: &AuthContext<'_>) -> Authorization {
        let statements = self.0.statements.load(Ordering::Relaxed);
        match (statements, objection_to(context)) {
            (OWN, _) | (_, None) => Authorization::Allow,
            (VACUUM, _) if is_of_vacuum(&context.action) => Authorization::Allow,
            (_, Some(objection)) => {
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

/// VACUUM is a transaction, in which it attaches a nameless file of its own.
fn is_of_vacuum(action: &AuthAction<'_>) -> bool {
    matches!(
        action,
        AuthAction::Transaction { .. } | AuthAction::Attach { filename: "" }
    )
}

fn objection_to(context: &AuthContext<'_>) -> Option<String> {
    match context.action {
        AuthAction::Transaction { .. } => Some(
            "BEGIN, COMMIT and ROLLBACK are not for statements: use transaction/3 and rollback/2"
                .to_owned(),
        ),
        AuthAction::Attach { filename } => Some(format!(
            "ATTACH and VACUUM INTO are not allowed, so no other file is opened (this was {filename:?}): give each database a worker of its own, and copy by backup/3"
        )),
        AuthAction::Detach { .. } => Some("DETACH is not allowed".to_owned()),
        // Such as of a name that only an expression gives, which SQLite does not say here.
        AuthAction::Unknown { code, .. } => Some(match code {
            ffi::SQLITE_ATTACH => {
                "ATTACH is not allowed: give each database a worker of its own".to_owned()
            }
            ffi::SQLITE_DETACH => "DETACH is not allowed".to_owned(),
            _ => format!("SQLite asks for a permission that nobody knows here (its code {code})"),
        }),
        AuthAction::Pragma {
            pragma_name,
            pragma_value: Some(_),
        } if !WITH_A_VALUE
            .iter()
            .any(|name| name.eq_ignore_ascii_case(pragma_name)) =>
        {
            Some(format!(
                "PRAGMA {pragma_name} cannot be set by a statement, as others use the connection too"
            ))
        }
        AuthAction::CreateTempIndex { .. }
        | AuthAction::CreateTempTable { .. }
        | AuthAction::CreateTempTrigger { .. }
        | AuthAction::CreateTempView { .. } => Some(temporary()),
        // Without the word TEMP, only the name of the schema says it, whose own table gets a row then.
        AuthAction::Insert { .. } | AuthAction::CreateVtable { .. }
            if context.database_name == Some("temp") =>
        {
            Some(temporary())
        }
        _ => None,
    }
}

fn temporary() -> String {
    "TEMP objects are not allowed: they would last as long as the connection, and hide tables from others who use it"
        .to_owned()
}
