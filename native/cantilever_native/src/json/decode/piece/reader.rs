//! What a piece holds, value by value.

use super::{
    BINARY, INTEGER, LIST, MAP, NEW_FLOAT, NIL, SMALL_ATOM_UTF8, SMALL_BIG, SMALL_INTEGER,
};
use crate::json::decode::{Events, Role};

/// Reads what a [`Piece`](super::Piece) has written.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// Hands on one value with all that it consists of.
    pub(super) fn replay(&mut self, events: &mut impl Events) -> Option<()> {
        // How many elements of each array or object are to come, and how many there are.
        let mut open: Vec<(bool, usize, usize)> = Vec::new();
        loop {
            match self.byte()? {
                LIST => open.push((false, self.number()?, 0)),
                MAP => open.push((true, 2 * self.number()?, 0)),
                tag => {
                    let role = match open.last() {
                        Some((true, _, read)) if read % 2 == 0 => Role::Key,
                        _ => Role::Value,
                    };
                    self.scalar(tag, role, events)?;
                    if let Some((_, _, read)) = open.last_mut() {
                        *read += 1;
                    }
                }
            }
            while let Some((is_object, count, read)) = open.last().copied() {
                if read < count {
                    break;
                }
                open.pop();
                if is_object {
                    events.object(count / 2).ok()?;
                } else {
                    self.take(1)?;
                    events.array(count);
                }
                if let Some((_, _, read)) = open.last_mut() {
                    *read += 1;
                }
            }
            if open.is_empty() {
                return Some(());
            }
        }
    }

    fn scalar(&mut self, tag: u8, role: Role, events: &mut impl Events) -> Option<()> {
        match tag {
            SMALL_INTEGER => events.integer(i64::from(self.byte()?)),
            INTEGER => events.integer(i64::from(i32::from_be_bytes(self.array()?))),
            SMALL_BIG => {
                let [_, sign] = self.array()?;
                let magnitude = u64::from_le_bytes(self.array()?);
                events.integer(if sign == 0 {
                    magnitude as i64
                } else {
                    (magnitude as i64).wrapping_neg()
                });
            }
            NEW_FLOAT => {
                events.float(f64::from_be_bytes(self.array()?), b"").ok()?;
            }
            BINARY => {
                let length = self.number()?;
                let text = std::str::from_utf8(self.take(length)?).ok()?;
                events.text(text.into(), role, None).ok()?;
            }
            SMALL_ATOM_UTF8 => {
                let length = usize::from(self.byte()?);
                match self.take(length)? {
                    b"true" => events.boolean(true),
                    b"false" => events.boolean(false),
                    _ => events.null(),
                }
            }
            NIL => {
                events.array(0);
            }
            _ => return None,
        }
        Some(())
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const LENGTH: usize>(&mut self) -> Option<[u8; LENGTH]> {
        self.take(LENGTH)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn number(&mut self) -> Option<usize> {
        self.array().map(|bytes| u32::from_be_bytes(bytes) as usize)
    }
}
