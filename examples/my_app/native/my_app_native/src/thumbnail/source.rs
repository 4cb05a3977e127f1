//! The bytes of a picture, handed to its decoder in pieces, so that a decoding nobody waits for ends at the next one.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use crate::Cancelled;

/// Some 100 µs of decoding.
const PIECE: usize = 16 * 1024;

pub(super) struct Source<'a, C> {
    bytes: &'a [u8],
    position: usize,
    check: &'a C,
}

impl<'a, C: Fn() -> Result<(), Cancelled>> Source<'a, C> {
    pub(super) fn new(bytes: &'a [u8], check: &'a C) -> Self {
        Self {
            bytes,
            position: 0,
            check,
        }
    }
}

impl<C: Fn() -> Result<(), Cancelled>> BufRead for Source<'_, C> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        (self.check)().map_err(io::Error::other)?;
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        Ok(&rest[..rest.len().min(PIECE)])
    }

    fn consume(&mut self, amount: usize) {
        self.position += amount;
    }
}

impl<C: Fn() -> Result<(), Cancelled>> Read for Source<'_, C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let taken = self.fill_buf()?.read(buffer)?;
        self.consume(taken);
        Ok(taken)
    }
}

impl<C: Fn() -> Result<(), Cancelled>> Seek for Source<'_, C> {
    // A chunk that claims to be longer than the file is found out here, before a decoder makes room for it. One byte
    // past the end is where the padding of a last, odd chunk may be missing.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(target) => i64::try_from(target).ok(),
            SeekFrom::Current(offset) => (self.position as i64).checked_add(offset),
            SeekFrom::End(offset) => (self.bytes.len() as i64).checked_add(offset),
        };
        match target.and_then(|target| usize::try_from(target).ok()) {
            Some(target) if target <= self.bytes.len() + 1 => {
                self.position = target;
                Ok(target as u64)
            }
            _ => Err(io::Error::other(
                "a part of it lies beyond the end of the file",
            )),
        }
    }
}
