//! What is wrong with a document.

use std::fmt;

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {offset}")]
pub struct SyntaxError {
    /// Bytes before it.
    pub offset: u64,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong, without the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Something else was expected.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What may stand there.
        expected: Expected,
        /// What does.
        found: Found,
    },
    /// A byte order mark, which RFC 8259 forbids to send.
    #[error("expected a value, found a byte order mark")]
    ByteOrderMark,
    /// Bytes in a string that are not UTF-8.
    #[error("a string with bytes that are not UTF-8")]
    InvalidUtf8,
    /// A control character in a string.
    #[error("a control character that is not escaped in a string")]
    ControlCharacter,
    /// A backslash that no escape follows.
    #[error("an invalid escape in a string")]
    InvalidEscape,
    /// One half of a surrogate pair.
    #[error("a surrogate without the other one of its pair in a string")]
    LoneSurrogate,
    /// A number that is not written as one.
    #[error("an invalid number")]
    InvalidNumber,
    /// A number that no float is as large as.
    #[error("a number out of the range of floats")]
    FloatOutOfRange,
    /// A number of more digits than the VM could represent.
    #[error("a number of more digits than the VM can represent")]
    NumberTooLong,
    /// Too many arrays and objects within each other.
    #[error("nested deeper than max_depth allows")]
    TooDeep,
    /// More bytes than a document may have.
    #[error("longer than max_bytes allows")]
    TooManyBytes,
    /// A key that an object has already.
    #[error("a key that the object has already")]
    DuplicateKey,
    /// A key that is no atom yet.
    #[error("a key that is no existing atom")]
    UnknownAtom,
    /// Too many keys that were no atoms.
    #[error("more new atoms than a document may make")]
    TooManyAtoms,
}

/// What may stand at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Any value.
    Value,
    /// A value, or the end of an empty array.
    ValueOrEnd,
    /// A key, or the end of an empty object.
    KeyOrEnd,
    /// A key.
    Key,
    /// A colon.
    Colon,
    /// After an element.
    CommaOrBracket,
    /// After a member.
    CommaOrBrace,
    /// Nothing but white space.
    End,
    /// The rest of a string.
    EndOfString,
    /// The rest of a number.
    Digit,
    /// The array whose elements are to be read.
    Array,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Expected::Value => "a value",
            Expected::ValueOrEnd => "a value or ]",
            Expected::KeyOrEnd => "a key or }",
            Expected::Key => "a key",
            Expected::Colon => ":",
            Expected::CommaOrBracket => ", or ]",
            Expected::CommaOrBrace => ", or }",
            Expected::End => "the end of the document",
            Expected::EndOfString => "the rest of a string",
            Expected::Digit => "a digit",
            Expected::Array => "an array",
        })
    }
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// This byte.
    Byte(u8),
    /// Nothing: the document ends.
    End,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Found::Byte(byte @ 0x21..=0x7E) => write!(f, "{}", char::from(*byte)),
            Found::Byte(byte) => write!(f, "the byte 0x{byte:02X}"),
            Found::End => f.write_str("the end of the input"),
        }
    }
}
