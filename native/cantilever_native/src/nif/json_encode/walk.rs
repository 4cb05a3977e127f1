//! The walk itself: one piece of work after the other, of whatever is innermost.

use cantilever::read::{self, TermKind};
use cantilever::{SliceClock, Term};

use super::atoms::Known;
use super::frame::{Live, Object};
use super::output;
use super::refusal::{Reason, Refusal};
use super::stack::Stack;
use super::stepping::Encoding;

/// Larger maps are taken apart by Elixir, a part at a time: the VM has no iterator that outlives a step, and to
/// take apart a map of this size takes some 50 µs.
const LARGEST_MAP: usize = 2048;

pub(super) struct Walk<'a, 's, 'f> {
    pub(super) encoding: &'s mut Encoding,
    pub(super) stack: Stack<'a, 'f>,
    pub(super) known: &'static Known,
    /// What is written already, if that is a list: the last one first.
    pub(super) chunks: Term<'a>,
    pub(super) nil: Term<'a>,
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
    Ask(Ask, Term<'a>),
}

/// What comes after a piece of work: the next one, or a question.
pub(super) type Next<'a> = Result<Option<(Ask, Term<'a>)>, Refusal<'a>>;

impl<'a> Walk<'a, '_, '_> {
    /// How many pieces of work, of some tens of nanoseconds each, pass between two looks at the slice.
    pub(super) const PACE: u32 = 16;

    /// Walks until all is written, the slice is over, or Elixir has to be asked.
    pub(super) fn run(
        &mut self,
        given: Option<(Ask, Term<'a>)>,
        slice: &SliceClock<'_>,
    ) -> Result<End<'a>, Refusal<'a>> {
        let mut ask = match given {
            Some((Ask::Value, value)) => self.value(value)?,
            Some((Ask::Key, text)) => self.key_text(text)?,
            Some((Ask::Pairs, pairs)) => self.more_pairs(pairs)?,
            None => None,
        };
        let pace = self.encoding.pace;
        let mut left = pace;
        let mut looks = 0;
        loop {
            if let Some((ask, about)) = ask {
                return Ok(End::Ask(ask, about));
            }
            if self.stack.top().is_none() {
                return Ok(End::Done);
            }
            left -= 1;
            if left == 0 {
                if slice.is_over() {
                    // Where already the first look ends the slice, the next one looks earlier.
                    self.encoding.pace = if looks == 0 {
                        pace.div_ceil(2)
                    } else {
                        Self::PACE
                    };
                    return Ok(End::SliceOver);
                }
                left = pace;
                looks += 1;
            }
            ask = self.advance()?;
        }
    }

    /// Does one piece of work.
    #[inline]
    fn advance(&mut self) -> Next<'a> {
        let Some(top) = self.stack.top() else {
            return Ok(None);
        };
        match top {
            Live::List { rest, count } => match read::list_cell(*rest) {
                Some((item, tail)) => {
                    *rest = tail;
                    let first = *count == 0;
                    *count += 1;
                    self.begin_item(first);
                    self.value(item)
                }
                None if rest.is_empty_list() => {
                    self.close(b']');
                    Ok(None)
                }
                None => Err(Reason::ImproperList.of(*rest)),
            },
            Live::Map {
                entries, object, ..
            } => match entries.next() {
                Some((key, value)) => {
                    object.key = key;
                    let first = object.count == 0;
                    object.count += 1;
                    self.entry(first, key, value)
                }
                None => {
                    self.close(b'}');
                    Ok(None)
                }
            },
            Live::Pairs { rest, more, object } => {
                let entry = read::list_cell(*rest)
                    .and_then(|(key, rest)| Some((key, read::list_cell(rest)?)));
                match entry {
                    Some((key, (value, tail))) => {
                        *rest = tail;
                        object.key = key;
                        let first = object.count == 0;
                        object.count += 1;
                        self.entry(first, key, value)
                    }
                    None if read::word(*more) == self.known.nil => {
                        self.close(b'}');
                        Ok(None)
                    }
                    None => Ok(Some((Ask::Pairs, *more))),
                }
            }
            Live::Ordered { rest, object } => match read::list_cell(*rest) {
                Some((entry, tail)) => {
                    let (key, value) = read::pair(entry).ok_or(Reason::Unsupported.of(entry))?;
                    *rest = tail;
                    object.key = key;
                    let first = object.count == 0;
                    object.count += 1;
                    self.entry(first, key, value)
                }
                None if rest.is_empty_list() => {
                    self.close(b'}');
                    Ok(None)
                }
                None => Err(Reason::ImproperList.of(*rest)),
            },
            Live::Value(value) => {
                let value = *value;
                self.stack.pop();
                self.colon();
                self.value(value)
            }
            Live::Text { .. } => self.more_text(),
            Live::Integer => {
                self.more_integer();
                Ok(None)
            }
            Live::Iodata(rest) => {
                let rest = *rest;
                self.more_iodata(rest)
            }
        }
    }

    /// Writes a value, or what it begins with.
    #[inline]
    pub(super) fn value(&mut self, value: Term<'a>) -> Next<'a> {
        match read::kind(value) {
            TermKind::Bitstring => self.string(value)?,
            TermKind::Integer => self.integer(value)?,
            TermKind::Float => self.float(value)?,
            TermKind::Atom => self.atom(value)?,
            TermKind::Map => return self.map(value),
            TermKind::List => self.list(value)?,
            _ => return Err(Reason::Unsupported.of(value)),
        }
        Ok(None)
    }

    fn list(&mut self, list: Term<'a>) -> Result<(), Refusal<'a>> {
        if list.is_empty_list() {
            self.encoding.out.extend_from_array(b"[]", 2);
            return Ok(());
        }
        self.open(b'[', list)?;
        self.stack.push(Live::List {
            rest: list,
            count: 0,
        });
        Ok(())
    }

    fn map(&mut self, map: Term<'a>) -> Next<'a> {
        if let Some(module) = self.known.struct_of(map)
            && read::kind(module) == TermKind::Atom
        {
            return self.structure(map, module);
        }
        let object = Object::new(self.nil);
        let size = read::map_size(map).unwrap_or(0);
        if size == 0 {
            self.encoding.out.extend_from_array(b"{}", 2);
            return Ok(None);
        }
        self.open(b'{', map)?;
        if size > LARGEST_MAP {
            self.stack.push(Live::Pairs {
                rest: Term::list_new_empty(map.get_env()),
                more: map,
                object,
            });
        } else {
            let entries = read::MapEntries::new(map).ok_or(Reason::Unsupported.of(map))?;
            self.stack.push(Live::Map {
                map,
                entries,
                size,
                object,
            });
        }
        Ok(None)
    }

    fn structure(&mut self, structure: Term<'a>, module: Term<'a>) -> Next<'a> {
        let module = read::word(module);
        if module == self.known.fragment
            && let Some(iodata) = self.known.iodata_of(structure)
        {
            self.stack.push(Live::Iodata(iodata));
            return Ok(None);
        }
        if module == self.known.ordered_object
            && let Some(values) = self.known.values_of(structure)
        {
            if values.is_empty_list() {
                self.encoding.out.extend_from_array(b"{}", 2);
                return Ok(None);
            }
            self.open(b'{', structure)?;
            self.stack.push(Live::Ordered {
                rest: values,
                object: Object::new(self.nil),
            });
            return Ok(None);
        }
        Ok(Some((Ask::Value, structure)))
    }

    /// Goes on with an answer to [`Ask::Pairs`].
    fn more_pairs(&mut self, answer: Term<'a>) -> Next<'a> {
        if let Some((pairs, next)) = read::pair(answer)
            && let Some(Live::Pairs { rest, more, .. }) = self.stack.top()
        {
            (*rest, *more) = (pairs, next);
        }
        Ok(None)
    }

    #[inline]
    fn open(&mut self, bracket: u8, container: Term<'a>) -> Result<(), Refusal<'a>> {
        if self.stack.depth() >= self.encoding.options.max_depth {
            return Err(Reason::TooDeep.of(container));
        }
        self.encoding.out.push(bracket);
        Ok(())
    }

    #[inline]
    fn close(&mut self, bracket: u8) {
        self.stack.pop();
        if self.encoding.options.pretty.is_some() {
            self.new_line();
        }
        self.encoding.out.push(bracket);
        self.cut();
    }

    /// Moves what was written to the list, if that is wanted.
    #[inline]
    pub(super) fn cut(&mut self) {
        if self.encoding.options.iodata {
            self.chunks = output::cut(&mut self.encoding.out, self.chunks);
        }
    }

    #[inline]
    pub(super) fn begin_item(&mut self, first: bool) {
        if !first {
            self.encoding.out.push(b',');
        }
        if self.encoding.options.pretty.is_some() {
            self.new_line();
        }
    }

    #[cold]
    fn new_line(&mut self) {
        let depth = self.stack.depth();
        let Encoding { out, options, .. } = &mut *self.encoding;
        if let Some(pretty) = &options.pretty {
            out.extend_from_slice(pretty.line_separator.as_bytes());
            for _ in 0..depth {
                out.extend_from_slice(pretty.indent.as_bytes());
            }
        }
    }
}
