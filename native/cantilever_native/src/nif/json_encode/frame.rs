//! What the walk is in the middle of.

use std::collections::HashSet;

use cantilever::Encoder;
use cantilever::read::{Bare, MapEntries, Reader};

/// Keys that an object has, as text, where two that are alike are an error.
pub(super) type Seen = Option<Box<HashSet<Vec<u8>>>>;

/// A container, or another thing that is written in pieces, with its terms.
///
/// It is told apart by a whole word, as it is copied in words: one that was just written in parts is waited for.
#[repr(u64)]
pub(super) enum Live<'a> {
    List {
        rest: Bare<'a>,
        /// How many items were written.
        count: usize,
    },
    Map {
        map: Bare<'a>,
        entries: Box<MapEntries<'a>>,
        /// How many entries the map has.
        size: usize,
        object: Object<'a>,
    },
    Pairs {
        /// `[key, value, …]`.
        rest: Bare<'a>,
        /// What Elixir makes more of, or nil.
        more: Bare<'a>,
        object: Object<'a>,
    },
    /// `[{key, value}, …]`.
    Ordered { rest: Bare<'a>, object: Object<'a> },
    /// The value of a key that is just written.
    Value(Bare<'a>),
    Text {
        binary: Bare<'a>,
        /// How much of it was written.
        at: usize,
        /// Whether it is JSON already.
        raw: bool,
    },
    /// An integer, which the encoding itself has.
    Integer,
    /// What is left of iodata.
    Iodata(Bare<'a>),
}

/// An object that is being written.
pub(super) struct Object<'a> {
    /// The key of the entry that is being written.
    pub(super) key: Bare<'a>,
    /// How many entries were begun.
    pub(super) count: usize,
    pub(super) seen: Seen,
}

impl<'a> Object<'a> {
    /// One that has no key yet, for which `filler` stands.
    #[inline]
    pub(super) fn new(filler: Bare<'a>) -> Self {
        Object {
            key: filler,
            count: 0,
            seen: None,
        }
    }

    /// Begins the entry of a key; whether it is the first.
    #[inline]
    pub(super) fn begin(&mut self, key: Bare<'a>) -> bool {
        self.key = key;
        self.count += 1;
        self.count == 1
    }
}

/// What is kept of a [`Live`] between two steps besides its terms.
pub(super) enum Frozen {
    List(usize),
    Map {
        size: usize,
        count: usize,
        seen: Seen,
    },
    Pairs {
        count: usize,
        seen: Seen,
    },
    Ordered {
        count: usize,
        seen: Seen,
    },
    Value,
    Text {
        at: usize,
        raw: bool,
    },
    Integer,
    Iodata,
}

/// Maps up to this size are kept as they are, and found their place in again.
const FOUND_AGAIN: usize = 64;

impl<'a> Live<'a> {
    /// Takes it apart for the time until the next step. `nil` stands for the terms that there are none of.
    pub(super) fn freeze(self, read: Reader<'a>, nil: Bare<'a>) -> (Frozen, Bare<'a>) {
        match self {
            Live::List { rest, count } => (Frozen::List(count), rest),
            Live::Map {
                map, size, object, ..
            } if size <= FOUND_AGAIN => {
                let Object { key, count, seen } = object;
                (Frozen::Map { size, count, seen }, read.cons(map, key))
            }
            // The VM has no iterator that outlives a step.
            Live::Map {
                entries, object, ..
            } => {
                let rest: Vec<_> = (entries.flat_map(<[Bare<'a>; 2]>::from))
                    .map(|bare| read.term(bare))
                    .collect();
                let rest = read.bare(rest.encode(read.env()));
                let more = nil;
                Live::Pairs { rest, more, object }.freeze(read, nil)
            }
            Live::Pairs { rest, more, object } => {
                let Object { key, count, seen } = object;
                let terms = read.cons(rest, read.cons(key, more));
                (Frozen::Pairs { count, seen }, terms)
            }
            Live::Ordered { rest, object } => {
                let Object { key, count, seen } = object;
                (Frozen::Ordered { count, seen }, read.cons(rest, key))
            }
            Live::Value(value) => (Frozen::Value, value),
            Live::Text { binary, at, raw } => (Frozen::Text { at, raw }, binary),
            Live::Integer => (Frozen::Integer, nil),
            Live::Iodata(rest) => (Frozen::Iodata, rest),
        }
    }

    /// Where in its container the walk is: an index, or a key.
    pub(super) fn position(&self, read: Reader<'a>) -> Option<Bare<'a>> {
        match self {
            Live::List { count, .. } => Some(read.bare(count.saturating_sub(1).encode(read.env()))),
            Live::Map { object, .. }
            | Live::Pairs { object, .. }
            | Live::Ordered { object, .. } => Some(object.key),
            Live::Value(_) | Live::Text { .. } | Live::Integer | Live::Iodata(_) => None,
        }
    }
}

impl Frozen {
    /// Puts it together again with its terms; `None` if they are not its own.
    pub(super) fn thaw<'a>(self, read: Reader<'a>, terms: Bare<'a>) -> Option<Live<'a>> {
        Some(match self {
            Frozen::List(count) => Live::List { rest: terms, count },
            Frozen::Map { size, count, seen } => {
                let (map, key) = read.list_cell(terms)?;
                let mut entries = Box::new(MapEntries::none());
                entries.begin(read, map, size).then_some(())?;
                if count > 0 {
                    entries.nth(count - 1);
                }
                let object = Object { key, count, seen };
                Live::Map {
                    map,
                    entries,
                    size,
                    object,
                }
            }
            Frozen::Pairs { count, seen } => {
                let (rest, terms) = read.list_cell(terms)?;
                let (key, more) = read.list_cell(terms)?;
                let object = Object { key, count, seen };
                Live::Pairs { rest, more, object }
            }
            Frozen::Ordered { count, seen } => {
                let (rest, key) = read.list_cell(terms)?;
                let object = Object { key, count, seen };
                Live::Ordered { rest, object }
            }
            Frozen::Value => Live::Value(terms),
            Frozen::Text { at, raw } => Live::Text {
                binary: terms,
                at,
                raw,
            },
            Frozen::Integer => Live::Integer,
            Frozen::Iodata => Live::Iodata(terms),
        })
    }
}
