mod cursors;
mod slots;
mod statements;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
const NUMBERS: &str =
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

/// Rows of integers, and what each run has done.
#[derive(Default)]
struct Integers {
    rows: Vec<Vec<i64>>,
    outcomes: Vec<Outcome>,
}

impl Rows for Integers {
    fn columns(&mut self, _statement: &Statement<'_>) {}

    fn row(&mut self, row: &Row<'_>, columns: usize) -> Result<(), Error> {
        let values = (0..columns).map(|column| row.get(column));
        self.rows.push(values.collect::<Result<_, _>>()?);
        Ok(())
    }

    fn end(&mut self, outcome: Outcome) {
        self.outcomes.push(outcome);
    }
}

fn memory() -> Connection {
    open(Role::Memory, "")
}

fn open(role: Role, path: &str) -> Connection {
    let settings = Settings {
        path: path.to_owned(),
        role,
        is_durable: false,
        statements: 10,
        progress_steps: 100,
        max_bytes: 1_000_000,
    };
    Connection::open(&settings, Call::unwatched()).unwrap()
}

fn none() -> Params<'static> {
    Params::Positional(Vec::new())
}

fn request(sql: &str, within: Within) -> Request<'_> {
    Request {
        sql,
        within,
        max_result: 1_000_000,
    }
}

fn run(connection: &mut Connection, sql: &str, within: Within) -> Result<Integers, Error> {
    run_as(connection, sql, within, Call::unwatched())
}

fn run_as(
    connection: &mut Connection,
    sql: &str,
    within: Within,
    call: Call,
) -> Result<Integers, Error> {
    let mut rows = Integers::default();
    connection
        .query(request(sql, within), &none(), call, &mut rows)
        .map(|()| rows)
}

fn reason(result: Result<Integers, Error>) -> Option<Reason> {
    result.err().map(|error| error.reason)
}

/// A call that is cancelled when it is looked at for the n-th time.
fn cancelled_at(n: usize) -> Call {
    let looks = Arc::new(AtomicUsize::new(0));
    Call::new(None, move || looks.fetch_add(1, Ordering::Relaxed) >= n)
}
