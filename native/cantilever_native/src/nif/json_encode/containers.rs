//! Beginning and ending what holds other values.

use cantilever::read::{Bare, TermKind};

use super::calendar::Moment;
use super::frame::{Live, Object};
use super::output;
use super::refusal::Reason;
use super::walk::{Ask, Walk, Worked};
use super::writer::{Guess, Written, guess};

/// Larger maps are taken apart by Elixir, a part at a time: the VM has no iterator that outlives a step, and to
/// take apart a map of this size takes some 50 µs.
const LARGEST_MAP: usize = 2048;

impl<'a> Walk<'a, '_, '_> {
    /// Writes the scalars that a list begins with, of which `cell` is the first one. A list that has nothing else is
    /// written without a frame: short lists of numbers are what large documents are full of.
    #[inline]
    pub(super) fn list(&mut self, list: Bare<'a>, cell: (Bare<'a>, Bare<'a>)) -> Worked<'a> {
        self.open(b'[', list)?;
        let depth = self.stack.depth() + 1;
        let (mut rest, mut count, mut next) = (list, 0, Some(cell));
        while let Some((item, tail)) = next
            && guess(item) != Guess::List
            && self.left > 0
        {
            let writer = &mut self.encoding.writer;
            let before = writer.out.len();
            writer.begin_item(count == 0, depth);
            match writer.scalar(self.read, item, self.known) {
                Written::Yes => {}
                // The frame begins it again.
                Written::No | Written::Map(_) => {
                    writer.out.truncate(before);
                    break;
                }
                Written::Refused(refused) => {
                    self.stack.push_list(tail, count + 1);
                    return Err(refused);
                }
            }
            (rest, count) = (tail, count + 1);
            self.left -= 1;
            if rest == self.empty {
                if writer.options.pretty.is_some() {
                    writer.new_line(depth - 1);
                }
                writer.out.push(b']');
                return Ok(());
            }
            if writer.out.len() > self.mark {
                break;
            }
            next = self.read.list_cell(rest);
        }
        self.stack.push_list(rest, count);
        Ok(())
    }

    #[inline]
    pub(super) fn empty_list(&mut self, list: Bare<'a>) -> Worked<'a> {
        self.open(b'[', list)?;
        self.encoding.writer.out.push(b']');
        Ok(())
    }

    #[inline]
    pub(super) fn map(&mut self, map: Bare<'a>, size: usize) -> Worked<'a> {
        if let Some(module) = self.known.struct_of(self.read, map)
            && self.read.kind(module) == TermKind::Atom
        {
            return self.structure(map, module);
        }
        self.open(b'{', map)?;
        if size == 0 {
            self.encoding.writer.out.push(b'}');
            return Ok(());
        }
        if size > LARGEST_MAP {
            self.stack.push(Live::Pairs {
                rest: self.empty,
                more: map,
                object: Object::new(self.nil),
            });
        } else if !self.stack.push_map(map, size) {
            return Err(Reason::Unsupported.of(map));
        }
        Ok(())
    }

    fn structure(&mut self, structure: Bare<'a>, module: Bare<'a>) -> Worked<'a> {
        if let Some(moment) = Moment::of(self.read, structure, module) {
            moment.write(&mut self.encoding.writer.out);
            return Ok(());
        }
        let module = module.word();
        if module == self.known.fragment
            && let Some(iodata) = self.known.iodata_of(self.read, structure)
        {
            self.stack.push(Live::Iodata(iodata));
        } else if module == self.known.ordered_object
            && let Some(values) = self.known.values_of(self.read, structure)
        {
            self.open(b'{', structure)?;
            if self.read.is_empty_list(values) {
                self.encoding.writer.out.push(b'}');
                return Ok(());
            }
            self.stack.push(Live::Ordered {
                rest: values,
                object: Object::new(self.nil),
            });
        } else {
            self.ask = Some((Ask::Value, structure));
        }
        Ok(())
    }

    /// Goes on with an answer to [`Ask::Pairs`].
    pub(super) fn more_pairs(&mut self, answer: Bare<'a>) {
        if let Some((pairs, next)) = self.read.pair(answer)
            && let Some(Live::Pairs { rest, more, .. }) = self.stack.top()
        {
            (*rest, *more) = (pairs, next);
        }
    }

    #[inline]
    pub(super) fn open(&mut self, bracket: u8, container: Bare<'a>) -> Worked<'a> {
        if self.stack.depth() >= self.encoding.writer.options.max_depth {
            return Err(Reason::TooDeep.of(container));
        }
        self.encoding.writer.out.push(bracket);
        Ok(())
    }

    /// Closes what was read from a list, of which `rest` is left.
    #[inline]
    pub(super) fn end(&mut self, bracket: u8, rest: Bare<'a>) -> Worked<'a> {
        if rest != self.empty && !self.read.is_empty_list(rest) {
            return Err(Reason::ImproperList.of(rest));
        }
        self.close(bracket);
        Ok(())
    }

    #[inline]
    pub(super) fn close(&mut self, bracket: u8) {
        self.stack.pop();
        let writer = &mut self.encoding.writer;
        if writer.options.pretty.is_some() {
            writer.new_line(self.stack.depth());
        }
        writer.out.push(bracket);
    }

    /// Moves what was written to the list, if that is wanted.
    #[inline]
    pub(super) fn cut(&mut self) {
        let writer = &mut self.encoding.writer;
        if writer.options.iodata {
            self.chunks = output::cut(self.read, &mut writer.out, self.chunks);
        }
    }
}
