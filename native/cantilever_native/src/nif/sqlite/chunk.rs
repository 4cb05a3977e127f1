//! Rows that are read on a thread, which has no terms.

use std::cell::Cell;

use cantilever::{Encoder, Env, OwnedBinary, Term, rustler};

use super::reply::{self, binary, blob, infinite, nil};
use crate::sqlite::{Chunk, ChunkSize, Error, Outcome, Row, Rows, Statement, ValueRef};

rustler::atoms! {
    last,
    more,
}

/// What becomes terms within a fraction of a millisecond, as that is done on a scheduler.
pub(super) const LARGEST: ChunkSize = ChunkSize {
    rows: usize::MAX,
    values: 5_000,
    bytes: 4 << 20,
};

/// The longest binary that lies on a process's heap, where it is copied to.
const SHORT: usize = 64;

/// The rows of a chunk.
#[derive(Default)]
pub(super) struct OwnedRows(Vec<Vec<Owned>>);

enum Owned {
    Null,
    Integer(i64),
    Real(f64),
    Text(Bytes),
    Blob(Bytes),
}

enum Bytes {
    Short(Box<[u8]>),
    Long(Cell<Option<OwnedBinary>>),
}

impl Rows for OwnedRows {
    fn columns(&mut self, _statement: &Statement<'_>) {}

    fn row(&mut self, row: &Row<'_>, columns: usize) -> Result<(), Error> {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            values.push(match row.get_ref(column)? {
                ValueRef::Null => Owned::Null,
                ValueRef::Integer(number) => Owned::Integer(number),
                ValueRef::Real(number) if number.is_finite() => Owned::Real(number),
                ValueRef::Real(number) => return Err(infinite(number, row, column)),
                ValueRef::Text(bytes) => Owned::Text(Bytes::copy(bytes)),
                ValueRef::Blob(bytes) => Owned::Blob(Bytes::copy(bytes)),
            });
        }
        self.0.push(values);
        Ok(())
    }

    fn end(&mut self, _outcome: Outcome) {}
}

impl Bytes {
    fn copy(bytes: &[u8]) -> Self {
        if bytes.len() <= SHORT {
            return Bytes::Short(bytes.into());
        }
        let mut long = OwnedBinary::new(bytes.len());
        long.as_mut_slice().copy_from_slice(bytes);
        Bytes::Long(Cell::new(Some(long)))
    }
}

/// `{more_or_last, rows}`, once: the long binaries move into their terms.
pub(super) struct ChunkTerms(Chunk<OwnedRows>);

impl From<Chunk<OwnedRows>> for ChunkTerms {
    fn from(chunk: Chunk<OwnedRows>) -> Self {
        ChunkTerms(chunk)
    }
}

impl Encoder for ChunkTerms {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let tag = if self.0.is_last { last() } else { more() };
        (tag, &self.0.rows.0).encode(env)
    }
}

impl Encoder for Owned {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        match self {
            Owned::Null => nil().encode(env),
            Owned::Integer(number) => number.encode(env),
            Owned::Real(number) => number.encode(env),
            Owned::Text(bytes) => bytes.encode(env),
            Owned::Blob(bytes) => (blob(), bytes).encode(env),
        }
    }
}

impl Encoder for Bytes {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        match self {
            Bytes::Short(bytes) => binary(env, bytes),
            Bytes::Long(long) => match long.take() {
                Some(long) => long.release(env).encode(env),
                None => reply::nil().encode(env),
            },
        }
    }
}
