//! A message that is put together from its fragments.

use simdutf8::compat::from_utf8;

use super::fault::Fault;
use super::mask::Mask;
use super::reader::Limits;

/// What the bytes of messages are written into.
pub trait Payload: Default {
    /// Makes room for so many bytes more.
    fn reserve(&mut self, additional: usize);

    /// Writes bytes.
    fn extend_from_slice(&mut self, bytes: &[u8]);

    /// What was written.
    fn as_slice(&self) -> &[u8];
}

impl Payload for Vec<u8> {
    fn reserve(&mut self, additional: usize) {
        self.reserve(additional);
    }

    fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn as_slice(&self) -> &[u8] {
        self
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Binary,
}

pub(super) struct Message<P> {
    pub(super) kind: Kind,
    pub(super) payload: P,
    /// How much of it is known to be UTF-8; of a text all, but for a character that is not complete.
    checked: usize,
    fragments: u64,
    /// For how many bytes there is room.
    room: usize,
}

/// By how many times the room grows: to move what is there takes time, and room that is never written to takes no memory.
const GROWTH: usize = 4;

impl<P: Payload> Message<P> {
    pub(super) fn new(kind: Kind) -> Self {
        Message {
            kind,
            payload: P::default(),
            checked: 0,
            fragments: 0,
            room: 0,
        }
    }

    /// Another frame of it begins, which says how long it is.
    #[inline]
    pub(super) fn begin_fragment(&mut self, length: u64, limits: Limits) -> Result<(), Fault> {
        let whole = length.saturating_add(self.payload.as_slice().len() as u64);
        if whole > limits.max_message_bytes {
            let (length, most) = (whole, limits.max_message_bytes);
            return Err(Fault::LongMessage { length, most });
        }
        self.fragments += 1;
        let most = limits.max_fragments();
        if self.fragments > most {
            return Err(Fault::ManyFragments { most });
        }
        Ok(())
    }

    /// Makes room for the bytes that are there; for some more, if there may be as many as `most`.
    #[inline]
    pub(super) fn reserve(&mut self, there: usize, most: u64) {
        let length = self.payload.as_slice().len();
        if length + there > self.room {
            let most = usize::try_from(most).unwrap_or(usize::MAX);
            let additional = most.min(length * (GROWTH - 1)).max(there);
            self.payload.reserve(additional);
            self.room = length + additional;
        }
    }

    /// Takes in a part of a frame. Text is looked at right away, while it is in the processor's cache.
    #[inline]
    pub(super) fn push(&mut self, masked: &[u8], mask: &mut Mask) -> Result<(), Fault> {
        let payload = &mut self.payload;
        mask.remove(masked, |plain| payload.extend_from_slice(plain));
        if self.kind == Kind::Binary {
            return Ok(());
        }
        match from_utf8(&self.payload.as_slice()[self.checked..]) {
            Ok(text) => self.checked += text.len(),
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(Fault::InvalidText),
        }
        Ok(())
    }

    /// Whether it may end here.
    pub(super) fn check_end(&self) -> Result<(), Fault> {
        let is_cut = self.kind == Kind::Text && self.checked < self.payload.as_slice().len();
        if is_cut {
            return Err(Fault::InvalidText);
        }
        Ok(())
    }
}
