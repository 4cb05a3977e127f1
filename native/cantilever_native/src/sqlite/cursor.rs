//! Rows that are read a chunk at a time.
//!
//! A statement that is half-way through its rows borrows its connection and cannot change threads. So it has a thread
//! of its own, which has the connection out of its slot as long as the cursor lasts, and sleeps between two chunks.

use std::io;
use std::ops::Deref;
use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::connection::Connection;
use super::error::{Error, Reason};
use super::oneshot;
use super::params::OwnedParams;
use super::query::{Outcome, Rows, Within, take_room};
use super::slot::{Slot, Unavailable};
use super::watch::Call;

/// A query that may only read, and outlives the call that asks for it.
pub struct OwnedQuery {
    /// One statement.
    pub sql: String,
    /// What it is bound to.
    pub params: OwnedParams,
    /// About how many bytes one row may take.
    pub max_row: usize,
}

/// How much a chunk may hold. It has one row at least, unless there is none.
#[derive(Clone, Copy)]
pub struct ChunkSize {
    /// How many rows.
    pub rows: usize,
    /// How many values, in all its rows.
    pub values: usize,
    /// About how many bytes.
    pub bytes: usize,
}

/// The next rows.
pub struct Chunk<C> {
    /// None, or more.
    pub rows: C,
    /// Whether there are no more after these.
    pub is_last: bool,
}

/// Why there is no cursor.
pub enum Refused {
    /// The connection cannot be had.
    Unavailable(Unavailable),
    /// There is no thread for it.
    NoThread(io::Error),
}

type Answer<C> = Result<Chunk<C>, Error>;

struct Ask<C> {
    size: ChunkSize,
    call: Call,
    answer: oneshot::Sender<Answer<C>>,
}

/// A query that is half-way through its rows.
pub struct Cursor<C>(Mutex<Option<mpsc::Sender<Ask<C>>>>);

impl<C: Rows + Default + Send + 'static> Cursor<C> {
    /// Takes the connection out of its slot until the cursor is closed or dropped, or its last row is read.
    pub fn open(
        place: impl Deref<Target = Slot<Connection>> + Send + 'static,
        lease: u64,
        query: OwnedQuery,
    ) -> Result<Self, Refused> {
        let (asks, asked) = mpsc::channel();
        let (begun, has_begun) = mpsc::channel();
        let thread = thread::Builder::new().name("cantilever-cursor".to_owned());
        thread
            .spawn(move || {
                let refused = begun.clone();
                let result = place.run(Some(lease), |connection| {
                    let _ = begun.send(Ok(()));
                    connection.stream(&query, &asked);
                });
                if let Err(unavailable) = result {
                    let _ = refused.send(Err(unavailable));
                }
            })
            .map_err(Refused::NoThread)?;
        match has_begun.recv() {
            Ok(Ok(())) => Ok(Cursor(Mutex::new(Some(asks)))),
            Ok(Err(unavailable)) => Err(Refused::Unavailable(unavailable)),
            Err(_) => Err(Refused::Unavailable(Unavailable::Closed)),
        }
    }

    /// The next chunk; none where there is no next one.
    pub async fn next(&self, size: ChunkSize, call: Call) -> Option<Answer<C>> {
        let (answer, answered) = oneshot::channel();
        // The thread has ended where nobody takes the question.
        self.asks()
            .as_ref()?
            .send(Ask { size, call, answer })
            .ok()?;
        answered.await
    }

    /// Lets go of the connection, after the chunk that is being read.
    pub fn close(&self) {
        drop(self.asks().take());
    }

    fn asks(&self) -> MutexGuard<'_, Option<mpsc::Sender<Ask<C>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn stream<C: Rows + Default>(&self, query: &OwnedQuery, asks: &mpsc::Receiver<Ask<C>>) {
        let Ok(first) = asks.recv() else {
            return;
        };
        let prepared = self.check_place(Within::Read).and_then(|()| {
            self.call(first.call.clone(), |this| {
                let mut statement = this.prepare(&query.sql)?;
                if !statement.readonly() {
                    let message = "a stream may only read, and the statement writes";
                    return Err(Error::new(Reason::Writes, message));
                }
                query.params.borrow().bind(&mut statement)?;
                Ok(statement)
            })
        });
        let mut statement = match prepared {
            Ok(statement) => statement,
            Err(error) => return first.answer.send(Err(error)),
        };
        let mut rows = statement.raw_query();
        let mut ask = first;
        loop {
            let chunk = self.call(ask.call, |_| read(&mut rows, ask.size, query.max_row));
            let is_over = !matches!(chunk, Ok(Chunk { is_last: false, .. }));
            ask.answer.send(chunk);
            if is_over {
                return;
            }
            match asks.recv() {
                Ok(next) => ask = next,
                Err(_) => return,
            }
        }
    }
}

fn read<C: Rows + Default>(
    rows: &mut rusqlite::Rows<'_>,
    size: ChunkSize,
    max_row: usize,
) -> Answer<C> {
    let mut chunk = C::default();
    let (mut count, mut values, mut bytes) = (0, 0, 0);
    while count < size.rows && values < size.values && bytes < size.bytes {
        let Some(row) = rows.next()? else {
            return Ok(ended(chunk, true));
        };
        let columns = row.as_ref().column_count();
        let mut room = max_row;
        take_room(row, columns, &mut room)?;
        chunk.row(row, columns)?;
        count += 1;
        values += columns;
        bytes += max_row - room;
    }
    Ok(ended(chunk, false))
}

fn ended<C: Rows>(mut rows: C, is_last: bool) -> Chunk<C> {
    rows.end(Outcome::default());
    Chunk { rows, is_last }
}
