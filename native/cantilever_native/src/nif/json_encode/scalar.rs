//! Keys, strings and numbers.

use cantilever::read::{self, TermKind};
use cantilever::{BinaryBuilder, Term};

use super::frame::Live;
use super::refusal::{Reason, Refusal};
use super::stepping::Encoding;
use super::walk::{Ask, Next, Walk};
use crate::json::encode::{Decimal, Escape, Sink, write_escaped, write_float};

/// Longer strings are written in pieces of this size, of some microseconds each.
const PIECE: usize = 16 * 1024;

/// How many words of a long integer are divided in one piece of work.
const DIVISIONS: usize = 256;

impl<'a> Walk<'a, '_, '_> {
    #[inline]
    pub(super) fn string(&mut self, string: Term<'a>) -> Result<(), Refusal<'a>> {
        let bytes = read::bytes(string).ok_or(Reason::Unsupported.of(string))?;
        if bytes.len() > PIECE {
            return self.long_string(string);
        }
        let Encoding { out, options, .. } = &mut *self.encoding;
        write_string(out, bytes, options.escape, string)
    }

    #[cold]
    fn long_string(&mut self, binary: Term<'a>) -> Result<(), Refusal<'a>> {
        self.encoding.out.push(b'"');
        self.stack.push(Live::Text {
            binary,
            at: 0,
            raw: false,
        });
        Ok(())
    }

    /// Writes a piece of a long string, or of a binary that is JSON already.
    pub(super) fn more_text(&mut self) -> Next<'a> {
        let Some(Live::Text { binary, at, raw }) = self.stack.top() else {
            return Ok(None);
        };
        let (binary, start, raw) = (*binary, *at, *raw);
        let bytes = read::bytes(binary).unwrap_or_default();
        let rest = bytes.get(start..).unwrap_or_default();
        let piece = &rest[..piece_of(rest)];
        *at = start + piece.len();
        let Encoding { out, options, .. } = &mut *self.encoding;
        if raw {
            out.extend_from_slice(piece);
        } else {
            write_escaped(out, piece, options.escape)
                .map_err(|invalid| Reason::InvalidByte(start + invalid.at).of(binary))?;
        }
        if piece.len() == rest.len() {
            self.stack.pop();
            if !raw {
                self.encoding.out.push(b'"');
            }
        }
        self.cut();
        Ok(None)
    }

    #[inline]
    pub(super) fn integer(&mut self, integer: Term<'a>) -> Result<(), Refusal<'a>> {
        match read::i64(integer) {
            Some(value) => {
                let mut buffer = itoa::Buffer::new();
                self.encoding.out.bytes(buffer.format(value).as_bytes());
                Ok(())
            }
            None => self.long_integer(integer),
        }
    }

    #[cold]
    fn long_integer(&mut self, integer: Term<'a>) -> Result<(), Refusal<'a>> {
        let external = read::external(integer).ok_or(Reason::Unsupported.of(integer))?;
        // SMALL_BIG_EXT and LARGE_BIG_EXT, after the version.
        let (negative, magnitude) = match external.as_slice() {
            [131, 110, _, sign, magnitude @ ..] => (*sign != 0, magnitude),
            [131, 111, _, _, _, _, sign, magnitude @ ..] => (*sign != 0, magnitude),
            _ => return Err(Reason::Unsupported.of(integer)),
        };
        self.encoding.decimal = Some(Decimal::new(negative, magnitude));
        self.stack.push(Live::Integer);
        Ok(())
    }

    /// Writes more of a long integer.
    #[cold]
    pub(super) fn more_integer(&mut self) {
        let Encoding { out, decimal, .. } = &mut *self.encoding;
        let done = match decimal {
            Some(decimal) => decimal.write(out, DIVISIONS),
            None => true,
        };
        if done {
            *decimal = None;
            self.stack.pop();
        }
        self.cut();
    }

    #[inline]
    pub(super) fn float(&mut self, float: Term<'a>) -> Result<(), Refusal<'a>> {
        let value = read::f64(float).ok_or(Reason::Unsupported.of(float))?;
        write_float(&mut self.encoding.out, value);
        Ok(())
    }

    #[inline]
    pub(super) fn atom(&mut self, atom: Term<'a>) -> Result<(), Refusal<'a>> {
        let Encoding {
            out,
            texts,
            options,
            ..
        } = &mut *self.encoding;
        let raw = read::word(atom);
        if raw == self.known.nil {
            out.extend_from_array(b"null", 4);
        } else if raw == self.known.true_ {
            out.extend_from_array(b"true", 4);
        } else if raw == self.known.false_ {
            out.extend_from_array(b"false", 5);
        } else {
            let text = texts.of(atom).ok_or(Reason::Unsupported.of(atom))?;
            write_string(out, text, options.escape, atom)?;
        }
        Ok(())
    }

    /// Writes an entry of an object: all of it, or what it begins with.
    #[inline]
    pub(super) fn entry(&mut self, first: bool, key: Term<'a>, value: Term<'a>) -> Next<'a> {
        self.begin_item(first);
        let Encoding {
            out,
            texts,
            options,
            ..
        } = &mut *self.encoding;
        let text = match read::kind(key) {
            TermKind::Bitstring => read::bytes(key),
            TermKind::Atom => texts.of(key),
            _ => None,
        };
        match text {
            Some(text) if text.len() <= PIECE && !options.strict => {
                write_string(out, text, options.escape, key)?;
            }
            _ => {
                self.stack.push(Live::Value(value));
                return self.other_key(key);
            }
        }
        self.colon();
        self.value(value)
    }

    #[inline]
    pub(super) fn colon(&mut self) {
        let Encoding { out, options, .. } = &mut *self.encoding;
        out.push(b':');
        if let Some(pretty) = &options.pretty {
            out.extend_from_slice(pretty.after_colon.as_bytes());
        }
    }

    /// Writes a key of which the text is known: a binary. Its value is on the stack.
    #[cold]
    pub(super) fn key_text(&mut self, key: Term<'a>) -> Next<'a> {
        let text = read::bytes(key).ok_or(Reason::Unsupported.of(key))?;
        self.note_key(key, text)?;
        self.string(key)?;
        Ok(None)
    }

    /// Writes a key that is long, not text yet, or to be looked at closely. Its value is on the stack.
    #[cold]
    fn other_key(&mut self, key: Term<'a>) -> Next<'a> {
        let mut text = Vec::new();
        match (read::kind(key), read::i64(key)) {
            (TermKind::Bitstring, _) if read::bytes(key).is_some() => return self.key_text(key),
            (TermKind::Atom, _) => {
                let known = self.encoding.texts.of(key);
                text.extend_from_slice(known.ok_or(Reason::Unsupported.of(key))?);
            }
            (TermKind::Float, _) => write_float(&mut text, read::f64(key).unwrap_or_default()),
            (TermKind::Integer, Some(value)) => {
                text.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
            }
            _ => return Ok(Some((Ask::Key, key))),
        }
        self.note_key(key, &text)?;
        let Encoding { out, options, .. } = &mut *self.encoding;
        write_string(out, &text, options.escape, key)?;
        Ok(None)
    }

    /// Sees to it that no other key of the object has this text, where that matters.
    fn note_key(&mut self, key: Term<'a>, text: &[u8]) -> Result<(), Refusal<'a>> {
        if !self.encoding.options.strict {
            return Ok(());
        }
        let fresh = self
            .stack
            .seen()
            .is_none_or(|seen| seen.insert(text.to_vec()));
        if fresh {
            Ok(())
        } else {
            Err(Reason::DuplicateKey.of(key))
        }
    }
}

#[inline]
fn write_string<'a>(
    out: &mut BinaryBuilder,
    text: &[u8],
    escape: Escape,
    term: Term<'a>,
) -> Result<(), Refusal<'a>> {
    out.push(b'"');
    write_escaped(out, text, escape).map_err(|invalid| Reason::InvalidByte(invalid.at).of(term))?;
    out.push(b'"');
    Ok(())
}

/// How much of the rest of a text is its next piece: it ends with a character, if the text is UTF-8.
fn piece_of(rest: &[u8]) -> usize {
    if rest.len() <= PIECE {
        return rest.len();
    }
    let continued = rest[..=PIECE]
        .iter()
        .rev()
        .take(4)
        .take_while(|byte| **byte & 0xc0 == 0x80)
        .count();
    PIECE - continued
}
