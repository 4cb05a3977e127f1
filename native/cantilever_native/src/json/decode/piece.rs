//! A piece of a document in the external term format, which the VM makes terms of more quickly than native code can by
//! calling it for each of them.
//!
//! The format: <https://www.erlang.org/doc/apps/erts/erl_ext_dist.html>. Only values that were read go in, so that a
//! piece may end anywhere: arrays and objects that are still open by then are taken out again, and their elements stand
//! for themselves.

mod buffer;
mod reader;
mod shapes;

use super::{Events, Text};
use buffer::Buffer;
use reader::Reader;
use shapes::{Place, Shapes};

const VERSION: u8 = 131;
const SMALL_INTEGER: u8 = 97;
const INTEGER: u8 = 98;
const NEW_FLOAT: u8 = 70;
const LARGE_TUPLE: u8 = 105;
const NIL: u8 = 106;
const LIST: u8 = 108;
const BINARY: u8 = 109;
const SMALL_BIG: u8 = 110;
const MAP: u8 = 116;
const SMALL_ATOM_UTF8: u8 = 119;

/// The version, and the tag and the arity of a tuple, which are written last; the last byte is the version until then.
const HEAD: usize = 6;

/// With less memory than this, a piece will not see objects of one kind often enough to know them.
const FEW_OBJECTS: usize = 1024;

/// A tag with a number of 32 bits.
const HEADER: usize = 5;

/// An array or object that has begun in the piece and not ended.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Where its header is to be.
    header: usize,
    /// How many values before it are complete, from the begin of the array or object that it is in, and where that was.
    before: usize,
    place_before: Place,
    /// How many of `Piece::keys` are not its own.
    keys_before: usize,
}

/// Values, and the arrays and objects that they are in, as far as these have begun and ended in the piece.
#[derive(Clone, Debug)]
pub struct Piece {
    bytes: Buffer,
    open: Vec<Open>,
    /// How many values are complete since the last of `open`, or the start.
    complete: usize,
    /// How many arrays and objects that are open have begun before the piece.
    open_before: usize,
    /// Where the keys begin of the objects that are open, and what the last of them looks like so far.
    keys: Vec<usize>,
    place: Place,
    shapes: Option<Shapes>,
    scratch: Vec<u8>,
}

impl Piece {
    /// An empty one, with memory for so many bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let mut bytes = Buffer::with_capacity(HEAD + capacity);
        bytes.put([VERSION; HEAD]);
        Piece {
            bytes,
            open: Vec::new(),
            complete: 0,
            open_before: 0,
            keys: Vec::new(),
            place: Place::default(),
            shapes: (capacity >= FEW_OBJECTS).then(Shapes::default),
            scratch: Vec::new(),
        }
    }

    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() - HEAD
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The only value in the external term format, if there is one and nothing else.
    #[must_use]
    pub fn only_value(&self) -> Option<&[u8]> {
        (self.complete == 1 && self.open.is_empty()).then(|| &self.bytes.as_slice()[HEAD - 1..])
    }

    /// Makes it a tuple of what is complete, and says which elements of that are none, but fill the places of what was
    /// left open; in ascending order. What is open stays open, but is no longer known here after [`clear`](Self::clear):
    /// [`close_array`](Self::close_array) and [`close_object`](Self::close_object) tell.
    #[must_use]
    pub fn end(&mut self) -> Vec<usize> {
        let mut fillers = Vec::with_capacity(self.open.len());
        let mut count = 0;
        for open in &self.open {
            count += open.before;
            fillers.push(count);
            count += 1;
            self.bytes.as_mut_slice()[open.header] = INTEGER;
        }
        count += self.complete;
        let [a, b, c, d] = (count as u32).to_be_bytes();
        let head = [VERSION, LARGE_TUPLE, a, b, c, d];
        self.bytes.as_mut_slice()[..HEAD].copy_from_slice(&head);
        fillers
    }

    /// The tuple, in the external term format, once it has [ended](Self::end).
    #[must_use]
    pub fn as_tuple(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// Hands on what it holds, one by one, but for the fillers; `None` if it has not ended.
    pub fn replay(&self, fillers: &[usize], events: &mut impl Events) -> Option<()> {
        let mut reader = Reader(&self.bytes.as_slice()[HEAD..]);
        let mut fillers = fillers.iter().copied().peekable();
        let mut index = 0;
        while !reader.0.is_empty() {
            if fillers.next_if_eq(&index).is_some() {
                reader.take(HEADER)?;
            } else {
                reader.replay(events)?;
            }
            index += 1;
        }
        Some(())
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.bytes.truncate(HEAD);
        self.bytes.as_mut_slice()[HEAD - 1] = VERSION;
        self.open_before += self.open.len();
        self.open.clear();
        self.complete = 0;
        self.keys.clear();
        self.place = Place::default();
    }

    /// Empties it for another document. What is known of the keys of objects stays.
    pub fn restart(&mut self) {
        self.clear();
        self.open_before = 0;
    }

    /// How many bytes it takes up, but for what it knows of keys.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.bytes.capacity()
            + self.scratch.capacity()
            + self.open.capacity() * size_of::<Open>()
            + self.keys.capacity() * size_of::<usize>()
    }

    /// Writes an atom whose name has up to 255 bytes.
    #[inline]
    pub fn atom(&mut self, name: &str) {
        self.bytes
            .put_text([SMALL_ATOM_UTF8, name.len() as u8], name.into());
        self.complete += 1;
    }

    /// Writes an integer.
    #[inline]
    pub fn integer(&mut self, value: i64) {
        if let Ok(value) = u8::try_from(value) {
            self.bytes.put([SMALL_INTEGER, value]);
        } else if let Ok(value) = i32::try_from(value) {
            let [a, b, c, d] = value.to_be_bytes();
            self.bytes.put([INTEGER, a, b, c, d]);
        } else {
            self.bytes.put([SMALL_BIG, 8, u8::from(value < 0)]);
            self.bytes.put(value.unsigned_abs().to_le_bytes());
        }
        self.complete += 1;
    }

    /// Writes a float, which is finite.
    #[inline]
    pub fn float(&mut self, value: f64) {
        let [a, b, c, d, e, f, g, h] = value.to_be_bytes();
        self.bytes.put([NEW_FLOAT, a, b, c, d, e, f, g, h]);
        self.complete += 1;
    }

    /// Writes a binary of less than 4 GiB.
    #[inline]
    pub fn binary(&mut self, text: Text<'_>) {
        let [a, b, c, d] = (text.len() as u32).to_be_bytes();
        self.bytes.put_text([BINARY, a, b, c, d], text);
        self.complete += 1;
    }

    /// Writes the key of the member that follows, of less than 4 GiB.
    #[inline]
    pub fn key(&mut self, key: Text<'_>, is_as_written: bool) {
        self.keys.push(self.bytes.len());
        if is_as_written {
            if self.shapes.is_some() {
                self.learn_key(key);
            }
        } else {
            self.place = Place::default();
        }
        self.binary(key);
    }

    /// Writes the key that `input` begins with, and says how long it is with its quotes and the colon; `None` if it was not met
    /// at such a place before, and nothing is written.
    #[inline]
    pub fn known_key(&mut self, input: &[u8]) -> Option<usize> {
        let begin = self.place_before_key()?;
        let (_, input) = input.split_first()?;
        let (place, length) = self.shapes.as_ref()?.follow(begin, input)?;
        self.place = place;
        self.keys.push(self.bytes.len());
        self.binary(Text::new(input, length));
        Some(length + 3)
    }

    /// Where the object is that the next key is one of, if that is of interest.
    #[inline]
    fn place_before_key(&mut self) -> Option<Place> {
        let shapes = self.shapes.as_mut()?;
        // One that has begun before the piece is nowhere.
        if self.complete > 0 || self.open.is_empty() {
            return Some(self.place);
        }
        Some(shapes.begin(self.place, self.open_before + self.open.len()))
    }

    fn learn_key(&mut self, key: Text<'_>) {
        let begin = self.place_before_key();
        let (Some(begin), Some(shapes)) = (begin, &mut self.shapes) else {
            return;
        };
        self.place = shapes.learn(begin, key).unwrap_or_else(|| {
            for open in &mut self.open {
                open.place_before = Place::default();
            }
            Place::default()
        });
    }

    /// Begins an array or an object.
    #[inline]
    pub fn open(&mut self) {
        self.open.push(Open {
            header: self.bytes.len(),
            before: self.complete,
            place_before: self.place,
            keys_before: self.keys.len(),
        });
        self.complete = 0;
        self.bytes.put([0; HEADER]);
    }

    /// Ends an array; `false` if it has begun before the piece.
    #[inline]
    #[must_use]
    pub fn close_array(&mut self) -> bool {
        let count = self.complete;
        let Some(open) = self.open.pop() else {
            self.open_before = self.open_before.saturating_sub(1);
            return false;
        };
        if count == 0 {
            self.bytes.truncate(open.header);
        } else {
            self.write_header(open.header, LIST, count);
        }
        self.bytes.put([NIL]);
        self.complete = open.before + 1;
        self.place = open.place_before;
        true
    }

    /// Ends an object; `false` if it has begun before the piece.
    #[inline]
    #[must_use]
    pub fn close_object(&mut self) -> bool {
        let count = self.complete / 2;
        let Some(open) = self.open.pop() else {
            self.open_before = self.open_before.saturating_sub(1);
            return false;
        };
        self.write_header(open.header, MAP, count);
        self.sort_members(open.keys_before);
        self.complete = open.before + 1;
        self.place = open.place_before;
        self.keys.truncate(open.keys_before);
        true
    }

    /// Puts the members of the object that the piece ends with in the order in which the VM keeps their keys.
    #[inline]
    fn sort_members(&mut self, keys_before: usize) {
        let keys = &self.keys[keys_before..];
        let bytes = self.bytes.as_slice();
        let key = |index: usize| {
            let start = keys[index] + HEADER;
            let length = bytes[start - 4..start]
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte));
            &bytes[start..start + length]
        };
        let shapes = self.shapes.as_mut();
        let Some(order) = shapes.and_then(|shapes| shapes.order(self.place, keys.len(), key))
        else {
            return;
        };
        self.scratch.clear();
        for index in order {
            let index = usize::from(*index);
            let end = keys.get(index + 1).copied().unwrap_or(bytes.len());
            self.scratch.extend_from_slice(&bytes[keys[index]..end]);
        }
        let start = keys[0];
        self.bytes.as_mut_slice()[start..].copy_from_slice(&self.scratch);
    }

    fn write_header(&mut self, header: usize, tag: u8, count: usize) {
        let [a, b, c, d] = (count as u32).to_be_bytes();
        self.bytes.as_mut_slice()[header..header + HEADER].copy_from_slice(&[tag, a, b, c, d]);
    }
}
