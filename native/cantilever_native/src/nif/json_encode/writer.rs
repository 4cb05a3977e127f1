//! Writes what needs no stack: scalars, keys, and what stands between them.

use cantilever::BinaryBuilder;
use cantilever::read::{Bare, Reader, TermKind};

use super::atoms::{Known, Texts};
use super::options::Options;
use super::refusal::{Reason, Refused};
use crate::json::encode::{Escape, Sink, write_escaped, write_float, write_integer};

/// Longer strings are written in pieces of this size, of some microseconds each.
pub(super) const PIECE: usize = 16 * 1024;

pub(super) struct Writer {
    pub(super) out: BinaryBuilder,
    pub(super) options: Options,
    pub(super) texts: Texts,
    /// Whether the last number that is no small integer was a float: in most documents the next one is too.
    floats: bool,
    /// The word of the empty list, which the walk has for the time of a step.
    pub(super) empty: usize,
}

/// Whether something was written. A result of three states fits into two registers, one of a result in a result does not.
pub(super) enum Written<'a> {
    Yes,
    /// It is a map of this size.
    Map(usize),
    /// It takes more than a piece of work, or has to be looked at closely.
    No,
    Refused(Refused<'a>),
}

impl<'a> From<Result<(), Refused<'a>>> for Written<'a> {
    #[inline]
    fn from(result: Result<(), Refused<'a>>) -> Self {
        match result {
            Ok(()) => Written::Yes,
            Err(refused) => Written::Refused(refused),
        }
    }
}

/// What the low bits of a term's word tell in all versions of the VM so far. It is only used to ask first what is
/// most likely; a wrong guess costs a question.
#[derive(PartialEq, Eq)]
pub(super) enum Guess {
    List,
    Boxed,
    Immediate,
}

#[inline]
pub(super) fn guess(term: Bare<'_>) -> Guess {
    match term.word() & 0b11 {
        0b01 => Guess::List,
        0b10 => Guess::Boxed,
        _ => Guess::Immediate,
    }
}

impl Writer {
    #[inline]
    pub(super) fn new(options: Options) -> Self {
        Writer {
            out: BinaryBuilder::new(),
            options,
            texts: Texts::default(),
            floats: false,
            empty: 0,
        }
    }

    /// Writes `term` if it is a scalar that takes one piece of work; whether it was.
    #[inline(always)]
    pub(super) fn scalar<'a>(
        &mut self,
        read: Reader<'a>,
        term: Bare<'a>,
        known: &Known,
    ) -> Written<'a> {
        match guess(term) {
            Guess::Boxed => {
                if self.floats && self.float(read, term) {
                    return Written::Yes;
                }
                if let Some(text) = read.bytes(term) {
                    self.floats = false;
                    if text.len() > PIECE {
                        return Written::No;
                    }
                    return self.string(text, term).into();
                }
                if let Some(size) = read.map_size(term) {
                    return Written::Map(size);
                }
                self.floats = self.float(read, term);
                if self.floats {
                    return Written::Yes;
                }
            }
            Guess::Immediate => {
                if let Some(word) = known.word_of(term) {
                    self.out.extend_from_array(&word.0, word.1);
                    return Written::Yes;
                }
                if term.word() == self.empty {
                    return Written::No;
                }
                if let Some(integer) = read.integer(term) {
                    self.integer(integer);
                    return Written::Yes;
                }
                if let Some(text) = self.texts.of(read, term) {
                    return write_string(&mut self.out, text, self.options.escape, term).into();
                }
            }
            Guess::List => return Written::No,
        }
        self.other_scalar(read, term)
    }

    #[inline(never)]
    fn other_scalar<'a>(&mut self, read: Reader<'a>, term: Bare<'a>) -> Written<'a> {
        match read.kind(term) {
            TermKind::Atom => return self.atom(read, term).into(),
            TermKind::Integer => match read.integer(term) {
                Some(integer) => self.integer(integer),
                None => return Written::No,
            },
            TermKind::Float => {
                return if self.float(read, term) {
                    Written::Yes
                } else {
                    Written::No
                };
            }
            _ => return Written::No,
        }
        Written::Yes
    }

    #[inline]
    pub(super) fn string<'a>(&mut self, text: &[u8], term: Bare<'a>) -> Result<(), Refused<'a>> {
        write_string(&mut self.out, text, self.options.escape, term)
    }

    #[inline]
    fn integer(&mut self, integer: i64) {
        write_integer(&mut self.out, integer);
    }

    #[inline]
    fn float<'a>(&mut self, read: Reader<'a>, term: Bare<'a>) -> bool {
        match read.float(term) {
            Some(float) => {
                write_float(&mut self.out, float);
                true
            }
            None => false,
        }
    }

    #[inline]
    fn atom<'a>(&mut self, read: Reader<'a>, atom: Bare<'a>) -> Result<(), Refused<'a>> {
        let text = self
            .texts
            .of(read, atom)
            .ok_or_else(|| Reason::Unsupported.of(atom))?;
        write_string(&mut self.out, text, self.options.escape, atom)
    }

    /// Begins an entry, and writes its key and what is behind that, if the key is text of moderate size, and not to be
    /// compared with others; whether it was. Else only the entry is begun.
    #[inline(always)]
    pub(super) fn key<'a>(
        &mut self,
        read: Reader<'a>,
        first: bool,
        depth: usize,
        key: Bare<'a>,
    ) -> Written<'a> {
        let text = match guess(key) {
            Guess::Boxed => read.bytes(key),
            Guess::Immediate => self.texts.of(read, key),
            Guess::List => None,
        };
        let Some(text) = text.filter(|text| text.len() <= PIECE && self.options.is_plain) else {
            return self.unusual_key(read, first, depth, key);
        };
        match first {
            true => self.out.push(b'"'),
            false => self.out.extend_from_array(b",\"", 2),
        }
        if let Err(invalid) = write_escaped(&mut self.out, text, self.options.escape) {
            return Written::Refused(Reason::InvalidByte(invalid.at).of(key));
        }
        self.out.extend_from_array(b"\":", 2);
        Written::Yes
    }

    /// The same where more has to be looked at.
    #[cold]
    fn unusual_key<'a>(
        &mut self,
        read: Reader<'a>,
        first: bool,
        depth: usize,
        key: Bare<'a>,
    ) -> Written<'a> {
        self.begin_item(first, depth);
        let text = match read.kind(key) {
            TermKind::Bitstring => read.bytes(key),
            TermKind::Atom => self.texts.of(read, key),
            _ => None,
        };
        match text {
            Some(text) if text.len() <= PIECE && !self.options.strict => {
                match write_string(&mut self.out, text, self.options.escape, key) {
                    Ok(()) => {
                        self.colon();
                        Written::Yes
                    }
                    Err(refused) => Written::Refused(refused),
                }
            }
            _ => Written::No,
        }
    }

    #[inline]
    pub(super) fn colon(&mut self) {
        self.out.byte(b':');
        if let Some(pretty) = &self.options.pretty {
            self.out.extend_from_slice(pretty.after_colon.as_bytes());
        }
    }

    #[inline]
    pub(super) fn begin_item(&mut self, first: bool, depth: usize) {
        if !first {
            self.out.push(b',');
        }
        if self.options.pretty.is_some() {
            self.new_line(depth);
        }
    }

    #[cold]
    pub(super) fn new_line(&mut self, depth: usize) {
        if let Some(pretty) = &self.options.pretty {
            self.out.extend_from_slice(pretty.line_separator.as_bytes());
            for _ in 0..depth {
                self.out.extend_from_slice(pretty.indent.as_bytes());
            }
        }
    }
}

#[inline]
fn write_string<'a>(
    out: &mut BinaryBuilder,
    text: &[u8],
    escape: Escape,
    term: Bare<'a>,
) -> Result<(), Refused<'a>> {
    out.push(b'"');
    match write_escaped(out, text, escape) {
        Ok(()) => {
            out.push(b'"');
            Ok(())
        }
        Err(invalid) => Err(Reason::InvalidByte(invalid.at).of(term)),
    }
}
