//! The walk itself: one piece of work after the other, of whatever is innermost.

use cantilever::SliceClock;
use cantilever::read::{Bare, Reader, TermKind};

use super::atoms::Known;
use super::frame::Live;
use super::refusal::{Reason, Refused};
use super::stack::Stack;
use super::stepping::Encoding;
use super::writer::{Guess, Written, guess};

/// How many pieces of work, of some tens of nanoseconds each, pass between two looks at the slice.
pub(super) const PACE: u32 = 16;

/// How many bytes may be written between two looks at most, of some nanoseconds each.
pub(super) const STRIDE: usize = 4096;

pub(super) struct Walk<'a, 's, 'f> {
    pub(super) read: Reader<'a>,
    pub(super) encoding: &'s mut Encoding,
    pub(super) stack: Stack<'a, 'f>,
    pub(super) known: &'static Known,
    /// What is written already, if that is a list: the last one first.
    pub(super) chunks: Bare<'a>,
    pub(super) nil: Bare<'a>,
    /// The empty list, as the VM has it.
    pub(super) empty: Bare<'a>,
    /// How many pieces of work are left until the next look.
    pub(super) left: u32,
    /// How much is written when it is time for the next look anyway.
    pub(super) mark: usize,
    /// What Elixir is to be asked, if the walk cannot go on.
    pub(super) ask: Option<(Ask, Bare<'a>)>,
}

/// What Elixir is asked for.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    /// What to write in the place of a struct.
    Value,
    /// The text of a key.
    Key,
    /// Some keys and values of a map.
    Pairs,
}

/// Why a walk ends.
pub(super) enum End<'a> {
    Done,
    SliceOver,
    Ask(Ask, Bare<'a>),
}

/// Whether the walk can go on.
pub(super) type Worked<'a> = Result<(), Refused<'a>>;

impl<'a> Walk<'a, '_, '_> {
    /// Walks until all is written, the slice is over, or Elixir has to be asked.
    pub(super) fn run(
        &mut self,
        given: Option<(Ask, Bare<'a>)>,
        slice: &SliceClock<'_>,
    ) -> Result<End<'a>, Refused<'a>> {
        let pace = self.encoding.pace;
        let mut looks = 0;
        self.left = pace;
        self.mark = self.encoding.writer.out.len() + STRIDE;
        match given {
            Some((Ask::Value, value)) => self.value(value)?,
            Some((Ask::Key, text)) => self.key_text(text)?,
            Some((Ask::Pairs, pairs)) => self.more_pairs(pairs),
            None => {}
        }
        loop {
            if let Some((ask, about)) = self.ask {
                return Ok(End::Ask(ask, about));
            }
            if self.stack.top().is_none() {
                return Ok(End::Done);
            }
            if self.left == 0 || self.encoding.writer.out.len() > self.mark {
                self.cut();
                if slice.is_over() {
                    // Where already the first look ends the slice, the next one looks earlier.
                    self.encoding.pace = if looks == 0 { pace.div_ceil(2) } else { PACE };
                    return Ok(End::SliceOver);
                }
                self.left = pace;
                self.mark = self.encoding.writer.out.len() + STRIDE;
                looks += 1;
            }
            self.advance()?;
        }
    }

    /// Does the work that is left, or what there is of it in the innermost frame.
    #[inline]
    fn advance(&mut self) -> Worked<'a> {
        let depth = self.stack.depth();
        match self.stack.top() {
            Some(Live::List { rest, count }) => {
                let writer = &mut self.encoding.writer;
                while let Some((item, tail)) = self.read.list_cell(*rest) {
                    *rest = tail;
                    writer.begin_item(*count == 0, depth);
                    *count += 1;
                    self.left -= 1;
                    match writer.scalar(self.read, item, self.known) {
                        Written::Yes => {}
                        Written::Map(size) => return self.map(item, size),
                        Written::No => return self.container(item),
                        Written::Refused(refused) => return Err(refused),
                    }
                    if self.left == 0 || writer.out.len() > self.mark {
                        return Ok(());
                    }
                }
                let rest = *rest;
                self.end(b']', rest)
            }
            Some(Live::Map {
                entries, object, ..
            }) => {
                let writer = &mut self.encoding.writer;
                for (key, value) in &mut **entries {
                    let first = object.begin(key);
                    self.left -= 1;
                    match writer.key(self.read, first, depth, key) {
                        Written::Yes => {}
                        Written::No | Written::Map(_) => {
                            self.stack.push(Live::Value(value));
                            return self.other_key(key);
                        }
                        Written::Refused(refused) => return Err(refused),
                    }
                    match writer.scalar(self.read, value, self.known) {
                        Written::Yes => {}
                        Written::Map(size) => return self.map(value, size),
                        Written::No => return self.container(value),
                        Written::Refused(refused) => return Err(refused),
                    }
                    if self.left == 0 || writer.out.len() > self.mark {
                        return Ok(());
                    }
                }
                self.close(b'}');
                Ok(())
            }
            Some(_) => self.advance_rarer(),
            None => Ok(()),
        }
    }

    #[inline(never)]
    fn advance_rarer(&mut self) -> Worked<'a> {
        self.left -= 1;
        let depth = self.stack.depth();
        match self.stack.top() {
            Some(Live::Pairs { rest, more, object }) => {
                let entry = self
                    .read
                    .list_cell(*rest)
                    .and_then(|(key, rest)| Some((key, self.read.list_cell(rest)?)));
                if let Some((key, (value, tail))) = entry {
                    *rest = tail;
                    let first = object.begin(key);
                    return self.entry(first, depth, key, value);
                }
                if more.word() == self.known.nil {
                    self.close(b'}');
                } else {
                    self.ask = Some((Ask::Pairs, *more));
                }
                Ok(())
            }
            Some(Live::Ordered { rest, object }) => match self.read.list_cell(*rest) {
                Some((entry, tail)) => {
                    let (key, value) = self
                        .read
                        .pair(entry)
                        .ok_or_else(|| Reason::Unsupported.of(entry))?;
                    *rest = tail;
                    let first = object.begin(key);
                    self.entry(first, depth, key, value)
                }
                None => {
                    let rest = *rest;
                    self.end(b'}', rest)
                }
            },
            Some(Live::Value(value)) => {
                let value = *value;
                self.stack.pop();
                self.encoding.writer.colon();
                self.value(value)
            }
            Some(Live::Text { .. }) => self.more_text(),
            Some(Live::Integer) => {
                self.more_integer();
                Ok(())
            }
            Some(Live::Iodata(rest)) => {
                let rest = *rest;
                self.more_iodata(rest)
            }
            Some(Live::List { .. } | Live::Map { .. }) | None => Ok(()),
        }
    }

    fn entry(&mut self, first: bool, depth: usize, key: Bare<'a>, value: Bare<'a>) -> Worked<'a> {
        match self.encoding.writer.key(self.read, first, depth, key) {
            Written::Yes => self.value(value),
            Written::No | Written::Map(_) => {
                self.stack.push(Live::Value(value));
                self.other_key(key)
            }
            Written::Refused(refused) => Err(refused),
        }
    }

    /// Writes a value, or what it begins with.
    pub(super) fn value(&mut self, value: Bare<'a>) -> Worked<'a> {
        match self.encoding.writer.scalar(self.read, value, self.known) {
            Written::Yes => Ok(()),
            Written::Map(size) => self.map(value, size),
            Written::No => self.container(value),
            Written::Refused(refused) => Err(refused),
        }
    }

    /// Writes the beginning of what is not written at once.
    #[inline]
    fn container(&mut self, value: Bare<'a>) -> Worked<'a> {
        if value == self.empty {
            return self.empty_list(value);
        }
        if guess(value) == Guess::List
            && let Some(cell) = self.read.list_cell(value)
        {
            return self.list(value, cell);
        }
        if let Some(size) = self.read.map_size(value) {
            return self.map(value, size);
        }
        match self.read.kind(value) {
            TermKind::List => match self.read.list_cell(value) {
                Some(cell) => self.list(value, cell),
                None => self.empty_list(value),
            },
            TermKind::Bitstring if self.read.bytes(value).is_some() => {
                self.long_string(value);
                Ok(())
            }
            TermKind::Integer => self.long_integer(value),
            _ => Err(Reason::Unsupported.of(value)),
        }
    }
}
