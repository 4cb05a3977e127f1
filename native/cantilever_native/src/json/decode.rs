//! Reading JSON piece by piece: a parser that can stop after any token, and events for what it reads.
//!
//! Most strings and numbers are read here by eight bytes at a time, and so is the structure, as no parser that walks it by itself can
//! be left in the middle of a document. Other strings and numbers, and those that are wrong, go to [`jiter`].

mod error;
mod in_pieces;
mod integer;
mod long_text;
mod number;
mod parser;
mod piece;
mod quick_number;
mod quick_text;
#[cfg(test)]
mod tests;
mod text;

use std::ops::Range;

pub use error::{Expected, Found, Problem, SyntaxError};
pub use in_pieces::{InPieces, TakePieces};
pub use integer::{MOST_DIGITS, parse_integer};
pub use parser::{Limits, Parser, Progress, Scope};
pub use piece::Piece;
pub use text::Text;

/// Whether the parser may go on after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It may.
    Go,
    /// It stops with [`Progress::Busy`], so that what the event asks for can be done in slices.
    Wait,
}

/// Whether a text is a value or the key of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A string as a value.
    Value,
    /// The key of the value that follows.
    Key,
}

/// What takes in what a [`Parser`] reads: values in the order of the document, those in arrays and objects before these.
pub trait Events {
    /// `null`.
    fn null(&mut self);

    /// `true` or `false`.
    fn boolean(&mut self, value: bool);

    /// An integer of up to 64 bits.
    fn integer(&mut self, value: i64);

    /// Another integer, as it is written.
    ///
    /// # Errors
    /// If it cannot be represented.
    fn big_integer(&mut self, text: &str) -> Result<Flow, Problem>;

    /// A number with a fraction or an exponent, and how it is written. Infinite where no float is as large.
    ///
    /// # Errors
    /// If it cannot be represented.
    fn float(&mut self, value: f64, text: &[u8]) -> Result<Flow, Problem>;

    /// Takes the key that `input`, of which more may follow, begins with, if it is one that it knows: how long that is with both
    /// quotes and the colon. Otherwise it is a text.
    #[inline]
    fn known_key(&mut self, _input: &[u8]) -> Option<usize> {
        None
    }

    /// A string. `place` is where its bytes stand in the document just as they are in `text`, unless it was escaped.
    ///
    /// # Errors
    /// If it is a key that must not be.
    fn text(
        &mut self,
        text: Text<'_>,
        role: Role,
        place: Option<Range<u64>>,
    ) -> Result<(), Problem>;

    /// Where a long string, whose parts follow, stands in the document just as they are.
    ///
    /// Told of values only, and only if they are in the input whole.
    fn place_of_long_text(&mut self, place: Range<u64>);

    /// A part of a long string, of which more follows.
    fn long_text(&mut self, part: &str, role: Role);

    /// The end of a long string: it is all of the parts since the last text, and stands at `place` unless it was escaped.
    ///
    /// # Errors
    /// If it is a key that must not be.
    fn end_of_long_text(&mut self, role: Role, place: Option<Range<u64>>) -> Result<(), Problem>;

    /// The begin of an array or an object.
    fn open(&mut self);

    /// The end of an array of the last `count` values.
    fn array(&mut self, count: usize) -> Flow;

    /// The end of an object of the last `count` keys and values.
    ///
    /// # Errors
    /// If there is a key twice that must not be.
    fn object(&mut self, count: usize) -> Result<Flow, Problem>;
}
