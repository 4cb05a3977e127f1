//! The frames of the walk: an explicit stack, so that no depth of terms is one of calls.
//!
//! Those that a step has touched are live, on top of the frozen ones. The terms of these are a list, innermost
//! first. A step that ends puts those of its live frames in front and leaves the rest as it is; so a step costs what
//! it has done, however deep the stack is.

use std::collections::HashSet;

use cantilever::read::{Bare, MapEntries, Reader};

use super::frame::{Frozen, Live, Object};

/// How many parts a path has at most: the innermost.
const LONGEST_PATH: usize = 100;

pub(super) struct Stack<'a, 's> {
    live: Vec<Live<'a>>,
    frozen: &'s mut Vec<Frozen>,
    terms: Bare<'a>,
    read: Reader<'a>,
    /// For the maps to come.
    #[expect(clippy::vec_box, reason = "the boxes are what is used again")]
    spare: Vec<Box<MapEntries<'a>>>,
    /// An atom, for where there is no term.
    nil: Bare<'a>,
}

impl<'a, 's> Stack<'a, 's> {
    pub(super) fn new(
        read: Reader<'a>,
        frozen: &'s mut Vec<Frozen>,
        terms: Bare<'a>,
        nil: Bare<'a>,
    ) -> Self {
        Stack {
            live: Vec::with_capacity(8),
            frozen,
            terms,
            read,
            spare: Vec::new(),
            nil,
        }
    }

    #[inline]
    pub(super) fn depth(&self) -> usize {
        self.live.len() + self.frozen.len()
    }

    #[inline]
    pub(super) fn push(&mut self, frame: Live<'a>) {
        self.live.push(frame);
    }

    /// Pushes what is left of a list, of which `count` items were written. A function of its own, so that its frame is made where it stays.
    #[inline(never)]
    pub(super) fn push_list(&mut self, rest: Bare<'a>, count: usize) {
        self.live.push(Live::List { rest, count });
    }

    /// Pushes a map; whether it is one. As [`push_list`](Self::push_list).
    #[inline(never)]
    pub(super) fn push_map(&mut self, map: Bare<'a>, size: usize) -> bool {
        let spare = self.spare.pop();
        let mut entries = spare.unwrap_or_else(|| Box::new(MapEntries::none()));
        let is_map = entries.begin(self.read, map, size);
        if is_map {
            let object = Object::new(self.nil);
            self.live.push(Live::Map {
                map,
                entries,
                size,
                object,
            });
        }
        is_map
    }

    #[inline]
    pub(super) fn pop(&mut self) {
        if let Some(Live::Map { entries, .. }) = self.live.pop() {
            self.spare.push(entries);
        }
    }

    /// The innermost frame, if there is one.
    #[inline]
    pub(super) fn top(&mut self) -> Option<&mut Live<'a>> {
        if self.live.is_empty() {
            self.thaw();
        }
        self.live.last_mut()
    }

    #[cold]
    fn thaw(&mut self) {
        let Some(frozen) = self.frozen.pop() else {
            return;
        };
        // The terms can only be others if a caller of the native function has mixed them up: then the walk ends.
        if let Some((terms, rest)) = self.read.list_cell(self.terms)
            && let Some(live) = frozen.thaw(self.read, terms)
        {
            self.terms = rest;
            self.live.push(live);
        }
    }

    /// The keys of the object that the innermost frame, a value, belongs to.
    pub(super) fn seen(&mut self) -> Option<&mut HashSet<Vec<u8>>> {
        self.top();
        let value = self.live.pop();
        self.top();
        self.live.extend(value);
        let index = self.live.len().checked_sub(2)?;
        match self.live.get_mut(index)? {
            Live::Map { object, .. }
            | Live::Pairs { object, .. }
            | Live::Ordered { object, .. } => Some(object.seen.get_or_insert_default()),
            _ => None,
        }
    }

    /// The terms of all frames.
    pub(super) fn freeze(self) -> Bare<'a> {
        let mut terms = self.terms;
        for live in self.live {
            let (frozen, kept) = live.freeze(self.read, self.nil);
            self.frozen.push(frozen);
            terms = self.read.cons(kept, terms);
        }
        terms
    }

    /// The way from the outermost container to where the walk is.
    pub(super) fn path(mut self) -> Bare<'a> {
        let read = self.read;
        let mut path = self.read.empty_list();
        for _ in 0..LONGEST_PATH {
            let Some(frame) = self.top() else { break };
            let position = frame.position(read);
            self.pop();
            if let Some(position) = position {
                path = read.cons(position, path);
            }
        }
        path
    }
}
