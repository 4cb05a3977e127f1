use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use super::*;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

fn cursor(slot: &Arc<Slot<Connection>>, sql: &str) -> Cursor<Integers> {
    let lease = slot.lend().unwrap();
    let query = OwnedQuery {
        sql: sql.to_owned(),
        params: none().to_owned(),
        max_row: 1_000,
    };
    match Cursor::open(Arc::clone(slot), lease, query) {
        Ok(cursor) => cursor,
        Err(_) => panic!("there is no cursor"),
    }
}

fn next(cursor: &Cursor<Integers>, rows: usize) -> Option<Result<Chunk<Integers>, Error>> {
    let size = ChunkSize {
        rows,
        values: 1_000,
        bytes: 1_000_000,
    };
    wait_for(cursor.next(size, Call::unwatched()))
}

/// As soon as its thread has put it back.
fn eventually_free(slot: &Slot<Connection>) {
    while slot.lend() == Err(Unavailable::InUse) {
        thread::yield_now();
    }
    slot.run(None, |connection| {
        let read = run(connection, "SELECT 1", Within::Read).unwrap();
        assert_eq!(read.rows, [[1]]);
    })
    .unwrap();
}

#[test]
fn rows_come_in_chunks_and_the_connection_comes_back() {
    let slot = Arc::new(Slot::new(memory()));
    let cursor = cursor(&slot, &format!("{NUMBERS} LIMIT 5"));
    assert_eq!(slot.run(None, |_| ()), Err(Unavailable::InUse));
    for (expected, is_last) in [(vec![1, 2], false), (vec![3, 4], false), (vec![5], true)] {
        let chunk = next(&cursor, 2).unwrap().unwrap();
        assert_eq!(chunk.rows.rows.concat(), expected);
        assert_eq!(chunk.is_last, is_last);
    }
    assert!(next(&cursor, 2).is_none());
    eventually_free(&slot);
}

#[test]
fn a_cursor_is_left_half_way() {
    let slot = Arc::new(Slot::new(memory()));
    for is_closed in [true, false] {
        let cursor = cursor(&slot, NUMBERS);
        assert_eq!(next(&cursor, 10).unwrap().unwrap().rows.rows.len(), 10);
        if is_closed {
            cursor.close();
            assert!(next(&cursor, 10).is_none());
        }
        drop(cursor);
        eventually_free(&slot);
    }
}

#[test]
fn a_chunk_is_stopped_and_ends_the_cursor() {
    let slot = Arc::new(Slot::new(memory()));
    let cursor = cursor(&slot, ENDLESS);
    let size = ChunkSize {
        rows: 1,
        values: 1,
        bytes: 1,
    };
    let stopped = wait_for(cursor.next(size, cancelled_at(5)));
    assert_eq!(stopped.unwrap().err().unwrap().reason, Reason::Cancelled);
    assert!(next(&cursor, 1).is_none());
    eventually_free(&slot);
}

#[test]
fn a_cursor_only_reads() {
    let slot = Arc::new(Slot::new(memory()));
    let cursor = cursor(&slot, "CREATE TABLE t (x)");
    let refused = next(&cursor, 1).unwrap().err().unwrap();
    assert_eq!(refused.reason, Reason::Writes);
    eventually_free(&slot);
}
