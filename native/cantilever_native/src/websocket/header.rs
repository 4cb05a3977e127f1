//! The beginnings of frames.

use std::io::Cursor;

use tungstenite::error::{Error, ProtocolError};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::OpCode;

use super::fault::Fault;
use super::mask::Mask;

/// The longest one.
const MOST: usize = 14;

/// What a frame says of itself, as far as it can be right without those before it.
pub(super) struct Beginning {
    pub(super) is_final: bool,
    pub(super) opcode: OpCode,
    pub(super) mask: Mask,
    pub(super) length: u64,
}

impl Beginning {
    fn new(header: &FrameHeader, length: u64, read: usize) -> Result<Self, Fault> {
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(Fault::ReservedBit);
        }
        let mask = header.mask.ok_or(Fault::Unmasked)?;
        if header.len(length) != read {
            return Err(Fault::LongLength);
        }
        Ok(Beginning {
            is_final: header.is_final,
            opcode: header.opcode,
            mask: Mask::new(mask),
            length,
        })
    }
}

/// What has come of a header that is not complete.
#[derive(Default)]
pub(super) struct PartOfHeader {
    bytes: [u8; MOST],
    length: usize,
}

impl PartOfHeader {
    /// Reads on: how much of the input belongs to the header, and the header if it is complete with that.
    #[inline]
    pub(super) fn read(&mut self, input: &[u8]) -> Result<(usize, Option<Beginning>), Fault> {
        if self.length == 0
            && let (read, Some(beginning)) = parse(input)?
        {
            return Ok((read, Some(beginning)));
        }
        let before = self.length;
        let taken = input.len().min(MOST - before);
        self.bytes[before..before + taken].copy_from_slice(&input[..taken]);
        self.length += taken;
        let (read, beginning) = parse(&self.bytes[..self.length])?;
        if beginning.is_none() {
            return Ok((taken, None));
        }
        self.length = 0;
        Ok((read - before, beginning))
    }
}

#[inline]
fn parse(bytes: &[u8]) -> Result<(usize, Option<Beginning>), Fault> {
    let mut cursor = Cursor::new(bytes);
    let parsed = match FrameHeader::parse(&mut cursor) {
        Ok(parsed) => parsed,
        Err(Error::Protocol(ProtocolError::InvalidOpcode(opcode))) => {
            return Err(Fault::Opcode(opcode));
        }
        // It has no other errors, but may have some day.
        Err(_) => return Err(Fault::LongLength),
    };
    let read = usize::try_from(cursor.position()).unwrap_or(bytes.len());
    match parsed {
        Some((header, length)) => Ok((read, Some(Beginning::new(&header, length, read)?))),
        None => Ok((read, None)),
    }
}
