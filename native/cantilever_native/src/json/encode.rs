//! Writing the scalars of JSON: strings, floats, and integers of any size.

mod decimal;
mod escape;
mod float;

pub use decimal::Decimal;
pub use escape::{Escape, InvalidText, write_escaped};
pub use float::write_float;

/// Where text is written to.
pub trait Sink {
    /// Writes one byte.
    fn byte(&mut self, byte: u8);

    /// Writes bytes.
    fn bytes(&mut self, bytes: &[u8]);

    /// Writes the first `length` of `N` bytes. It may copy all of them first.
    fn prefix<const N: usize>(&mut self, bytes: &[u8; N], length: usize);
}

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
}
