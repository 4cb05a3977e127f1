//! Bytes that are written one after the other, without asking for each whether there is room.

use crate::json::decode::Text;
use crate::json::decode::text::BLOCK;

/// Grows as it must.
#[derive(Clone, Debug)]
pub(super) struct Buffer {
    /// All that there is room for.
    bytes: Vec<u8>,
    length: usize,
}

impl Buffer {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Buffer {
            bytes: vec![0; capacity],
            length: 0,
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    #[inline]
    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.length]
    }

    /// Drops what is after the first `length` bytes.
    #[inline]
    pub(super) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    #[inline]
    pub(super) fn put<const COUNT: usize>(&mut self, bytes: [u8; COUNT]) {
        *self.room() = bytes;
        self.length += COUNT;
    }

    #[inline]
    pub(super) fn put_slice(&mut self, bytes: &[u8]) {
        if self.bytes.len() - self.length < bytes.len() {
            self.grow(bytes.len());
        }
        self.bytes[self.length..][..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// Puts a text after these bytes.
    #[inline]
    pub(super) fn put_text<const COUNT: usize>(&mut self, before: [u8; COUNT], text: Text<'_>) {
        self.put(before);
        match text.block() {
            Some(block) => {
                *self.room::<BLOCK>() = *block;
                self.length += text.len();
            }
            None => self.put_slice(text.as_bytes()),
        }
    }

    #[inline]
    fn room<const COUNT: usize>(&mut self) -> &mut [u8; COUNT] {
        if self.bytes.len() - self.length < COUNT {
            self.grow(COUNT);
        }
        match self.bytes[self.length..].first_chunk_mut() {
            Some(room) => room,
            None => unreachable!("the buffer has grown"),
        }
    }

    #[cold]
    fn grow(&mut self, count: usize) {
        let length = (2 * self.bytes.len()).max(self.length + count);
        self.bytes.resize(length, 0);
    }
}
