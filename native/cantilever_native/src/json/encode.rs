//! Writing the scalars of JSON: strings, floats, and integers of any size; and dates, which JSON has as strings.

mod decimal;
mod escape;
mod float;
mod integer;
mod iso8601;

pub use decimal::Decimal;
pub use escape::{Escape, InvalidText, write_escaped};
pub use float::write_float;
pub use integer::write_integer;
pub use iso8601::{Date, Offset, Time, write_date, write_offset, write_time};

/// Where text is written to.
pub trait Sink {
    /// Writes one byte.
    fn byte(&mut self, byte: u8);

    /// Writes bytes.
    fn bytes(&mut self, bytes: &[u8]);

    /// Writes the first `length` of `N` bytes. It may copy all of them first.
    fn prefix<const N: usize>(&mut self, bytes: &[u8; N], length: usize);

    /// Writes bytes up to the first one that is marked, and returns how many that were. They come 32 at a time
    /// as long as these are `plain`, and else in words, of which `marks` sets the high bit of each marked byte, or of the
    /// first at least. A word may be filled up with zeros, whose marks are ignored.
    fn bytes_while(
        &mut self,
        bytes: &[u8],
        plain: impl FnMut(&[u8; 32]) -> bool,
        marks: impl FnMut(u64) -> u64,
    ) -> usize;
}

/// For tests and benches.
impl Sink for Vec<u8> {
    fn byte(&mut self, byte: u8) {
        self.push(byte);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn prefix<const N: usize>(&mut self, bytes: &[u8; N], length: usize) {
        self.extend_from_slice(&bytes[..length]);
    }

    fn bytes_while(
        &mut self,
        bytes: &[u8],
        mut plain: impl FnMut(&[u8; 32]) -> bool,
        mut marks: impl FnMut(u64) -> u64,
    ) -> usize {
        let mut copied = 0;
        while let Some((chunk, _)) = bytes[copied..].split_first_chunk::<32>()
            && plain(chunk)
        {
            copied += 32;
        }
        for word in bytes[copied..].chunks(8) {
            let mut padded = [0; 8];
            padded[..word.len()].copy_from_slice(word);
            let marked = (marks(u64::from_le_bytes(padded)).trailing_zeros() / 8) as usize;
            copied += marked.min(word.len());
            if marked < word.len() {
                break;
            }
        }
        self.extend_from_slice(&bytes[..copied]);
        copied
    }
}
