use std::time::Duration;

use super::*;

#[test]
fn a_statement_is_a_transaction_of_its_own() {
    let mut connection = memory();
    run(&mut connection, "CREATE TABLE t (x)", Within::Itself).unwrap();
    let written = run(
        &mut connection,
        "INSERT INTO t VALUES (1), (2)",
        Within::Itself,
    )
    .unwrap();
    assert_eq!(written.outcomes[0].changes, 2);
    let read = run(&mut connection, "SELECT x FROM t", Within::Read).unwrap();
    assert_eq!(read.rows, [[1], [2]]);
    assert_eq!(read.outcomes[0].changes, 0);
    let sql = "INSERT INTO t VALUES (3)";
    assert_eq!(
        reason(run(&mut connection, sql, Within::Read)),
        Some(Reason::Writes)
    );
}

#[test]
fn an_error_leaves_no_transaction_open() {
    let mut connection = memory();
    let open = run(&mut connection, "SAVEPOINT one", Within::Itself);
    assert_eq!(reason(open), Some(Reason::OpenTransaction));
    run(
        &mut connection,
        "CREATE TABLE t (x PRIMARY KEY)",
        Within::Itself,
    )
    .unwrap();
    connection.begin(Call::unwatched()).unwrap();
    let sql = "INSERT OR ROLLBACK INTO t VALUES (1)";
    run(&mut connection, sql, Within::Transaction).unwrap();
    let twice = run(&mut connection, sql, Within::Transaction);
    assert_eq!(reason(twice), Some(Reason::Constraint));
    let late = run(&mut connection, sql, Within::Transaction);
    assert_eq!(reason(late), Some(Reason::RolledBack));
    let commit = connection.commit(Call::unwatched()).unwrap_err();
    assert_eq!(commit.reason, Reason::RolledBack);
    let read = run(&mut connection, "SELECT count(*) FROM t", Within::Read).unwrap();
    assert_eq!(read.rows, [[0]]);
}

#[test]
fn a_batch_is_stored_as_a_whole_or_not_at_all() {
    let mut connection = memory();
    run(&mut connection, "CREATE TABLE t (x UNIQUE)", Within::Itself).unwrap();
    let sql = "INSERT INTO t VALUES (?) RETURNING rowid, x";
    let bindings = |values: &[i64]| -> Vec<Params<'static>> {
        let values = values.iter().map(|value| ValueRef::Integer(*value));
        values
            .map(|value| Params::Positional(vec![value]))
            .collect()
    };
    for (values, stored) in [(&[1, 2][..], 2), (&[3, 4, 1], 2), (&[], 2), (&[5], 3)] {
        let mut rows = Integers::default();
        let result = connection.query_many(
            request(sql, Within::Itself),
            &bindings(values),
            Call::unwatched(),
            &mut rows,
        );
        match result {
            Ok(()) => assert_eq!(rows.outcomes.len(), values.len()),
            Err(error) => {
                assert_eq!(error.reason, Reason::Constraint);
                assert!(error.message.starts_with("the binding 2 of the batch"));
            }
        }
        let count = run(&mut connection, "SELECT count(*) FROM t", Within::Read).unwrap();
        assert_eq!(count.rows, [[stored]]);
    }
}

#[test]
fn a_call_is_stopped_and_the_next_one_is_not() {
    let mut connection = memory();
    for n in 0..20 {
        let stopped = run_as(&mut connection, ENDLESS, Within::Read, cancelled_at(n));
        assert_eq!(reason(stopped), Some(Reason::Cancelled));
        let late = Call::new(Some(Duration::from_millis(1)), || false);
        let stopped = run_as(&mut connection, ENDLESS, Within::Read, late);
        assert_eq!(reason(stopped), Some(Reason::Timeout));
        let next = run(&mut connection, "SELECT 1", Within::Read).unwrap();
        assert_eq!(next.rows, [[1]]);
    }
}

#[test]
fn what_is_no_single_statement_is_refused() {
    let mut connection = memory();
    for (sql, expected) in [
        ("", Some(Reason::Syntax)),
        (";;", Some(Reason::Syntax)),
        ("SELECT 1;", None),
        ("SELECT 1; -- ;", None),
        ("SELECT ';', 1", None),
        ("SELECT 1; SELECT 2", Some(Reason::MultipleStatements)),
        ("SELECT 1; nonsense", Some(Reason::MultipleStatements)),
        ("BEGIN", Some(Reason::NotAllowed)),
        ("ATTACH 'x' AS y", Some(Reason::NotAllowed)),
        ("PRAGMA busy_timeout = 1", Some(Reason::NotAllowed)),
        ("VACUUM", None),
    ] {
        let result = run(&mut connection, sql, Within::Itself);
        // The texts of the one are no integers.
        let result = result.map_err(|error| error.reason);
        match expected {
            Some(expected) => assert_eq!(result.err(), Some(expected), "{sql}"),
            None => assert!(!matches!(result, Err(Reason::MultipleStatements)), "{sql}"),
        }
    }
    let many = "SELECT 1;".repeat(100_000);
    let result = run(&mut connection, &many, Within::Itself);
    assert_eq!(reason(result), Some(Reason::MultipleStatements));
}

#[test]
fn a_result_has_a_bound() {
    let mut connection = memory();
    let mut rows = Integers::default();
    let sql = format!("{NUMBERS} LIMIT 100");
    let request = Request {
        sql: &sql,
        within: Within::Read,
        max_result: 1_000,
    };
    let result = connection.query(request, &none(), Call::unwatched(), &mut rows);
    assert_eq!(result.unwrap_err().reason, Reason::TooBig);
    assert!(rows.rows.len() < 100);
}

#[test]
fn schemas_that_nest_deeply_fit_onto_the_stack() {
    let mut connection = memory();
    let deep = " EXCEPT SELECT 2".repeat(499);
    let sql = format!("CREATE VIEW v AS SELECT 1 AS x{deep}");
    run(&mut connection, &sql, Within::Itself).unwrap();
    let read = run(&mut connection, "SELECT x FROM v", Within::Read).unwrap();
    assert_eq!(read.rows, [[1]]);
}
