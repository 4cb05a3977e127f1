//! What is written in several pieces of work, or asked for: long strings and integers, and unusual keys.

use cantilever::read::{Bare, TermKind};

use super::frame::Live;
use super::refusal::Reason;
use super::walk::{Ask, Walk, Worked};
use super::writer::PIECE;
use crate::json::encode::{Decimal, write_escaped, write_float, write_integer};

/// How many words of a long integer are divided in one piece of work.
const DIVISIONS: usize = 256;

impl<'a> Walk<'a, '_, '_> {
    #[cold]
    pub(super) fn long_string(&mut self, binary: Bare<'a>) {
        self.encoding.writer.out.push(b'"');
        self.stack.push(Live::Text {
            binary,
            at: 0,
            raw: false,
        });
    }

    /// Writes a piece of a long string, or of a binary that is JSON already.
    #[cold]
    pub(super) fn more_text(&mut self) -> Worked<'a> {
        let Some(Live::Text { binary, at, raw }) = self.stack.top() else {
            return Ok(());
        };
        let (binary, start, raw) = (*binary, *at, *raw);
        let bytes = self.read.bytes(binary).unwrap_or_default();
        let rest = bytes.get(start..).unwrap_or_default();
        let piece = &rest[..piece_of(rest)];
        *at = start + piece.len();
        let writer = &mut self.encoding.writer;
        if raw {
            writer.out.extend_from_slice(piece);
        } else {
            write_escaped(&mut writer.out, piece, writer.options.escape)
                .map_err(|invalid| Reason::InvalidByte(start + invalid.at).of(binary))?;
        }
        if piece.len() == rest.len() {
            self.stack.pop();
            if !raw {
                writer.out.push(b'"');
            }
        }
        // A piece takes microseconds, so the slice is looked at after each.
        self.left = 0;
        Ok(())
    }

    #[cold]
    pub(super) fn long_integer(&mut self, integer: Bare<'a>) -> Worked<'a> {
        let unsupported = || Reason::Unsupported.of(integer);
        let external = self.read.external(integer).ok_or_else(unsupported)?;
        // SMALL_BIG_EXT and LARGE_BIG_EXT, after the version.
        let (negative, magnitude) = match external.as_slice() {
            [131, 110, _, sign, magnitude @ ..] => (*sign != 0, magnitude),
            [131, 111, _, _, _, _, sign, magnitude @ ..] => (*sign != 0, magnitude),
            _ => return Err(unsupported()),
        };
        self.encoding.decimal = Some(Decimal::new(negative, magnitude));
        self.stack.push(Live::Integer);
        Ok(())
    }

    /// Writes more of a long integer.
    #[cold]
    pub(super) fn more_integer(&mut self) {
        let out = &mut self.encoding.writer.out;
        let decimal = &mut self.encoding.decimal;
        let done = match decimal {
            Some(decimal) => decimal.write(out, DIVISIONS),
            None => true,
        };
        if done {
            *decimal = None;
            self.stack.pop();
        }
        self.left = 0;
    }

    /// Writes a key of which the text is known: a binary. Its value is on the stack.
    #[cold]
    pub(super) fn key_text(&mut self, key: Bare<'a>) -> Worked<'a> {
        let text = self
            .read
            .bytes(key)
            .ok_or_else(|| Reason::Unsupported.of(key))?;
        self.note_key(key, text)?;
        if text.len() > PIECE {
            self.long_string(key);
            return Ok(());
        }
        self.encoding.writer.string(text, key)
    }

    /// Writes a key that is long, not text yet, or to be compared with others. Its value is on the stack.
    #[cold]
    pub(super) fn other_key(&mut self, key: Bare<'a>) -> Worked<'a> {
        let mut text = Vec::new();
        match (self.read.kind(key), self.read.integer(key)) {
            (TermKind::Bitstring, _) if self.read.bytes(key).is_some() => {
                return self.key_text(key);
            }
            (TermKind::Atom, _) => {
                let known = self.encoding.writer.texts.of(self.read, key);
                text.extend_from_slice(known.ok_or_else(|| Reason::Unsupported.of(key))?);
            }
            (TermKind::Float, _) => {
                write_float(&mut text, self.read.float(key).unwrap_or_default())
            }
            (TermKind::Integer, Some(integer)) => {
                write_integer(&mut text, integer);
            }
            _ => {
                self.ask = Some((Ask::Key, key));
                return Ok(());
            }
        }
        self.note_key(key, &text)?;
        self.encoding.writer.string(&text, key)
    }

    /// Sees to it that no other key of the object has this text, where that matters.
    fn note_key(&mut self, key: Bare<'a>, text: &[u8]) -> Worked<'a> {
        if !self.encoding.writer.options.strict {
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
