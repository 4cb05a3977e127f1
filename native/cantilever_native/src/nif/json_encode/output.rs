//! Where the document is written to: one binary, or a list of them.

use cantilever::read::{Bare, Reader};
use cantilever::{BinaryBuilder, Term};

use crate::json::encode::Sink;

/// How large the binaries of a list get, but for a piece of text more.
const CHUNK: usize = 48 * 1024;

impl Sink for BinaryBuilder {
    #[inline]
    fn byte(&mut self, byte: u8) {
        self.push(byte);
    }

    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    #[inline]
    fn prefix<const N: usize>(&mut self, bytes: &[u8; N], length: usize) {
        self.extend_from_array(bytes, length);
    }

    #[inline]
    fn bytes_while(
        &mut self,
        bytes: &[u8],
        plain: impl FnMut(&[u8; 32]) -> bool,
        marks: impl FnMut(u64) -> u64,
    ) -> usize {
        self.extend_while(bytes, plain, marks)
    }
}

/// Moves what was written to `chunks`, a list with the last one first, if it is enough for one.
#[inline]
pub(super) fn cut<'a>(read: Reader<'a>, out: &mut BinaryBuilder, chunks: Bare<'a>) -> Bare<'a> {
    if out.len() < CHUNK {
        return chunks;
    }
    let chunk = read.bare(out.finish(read.env()));
    read.cons(chunk, chunks)
}

/// All chunks in order.
pub(super) fn join<'a>(read: Reader<'a>, out: &mut BinaryBuilder, chunks: Bare<'a>) -> Term<'a> {
    let last = read.bare(out.finish(read.env()));
    let all = read.term(read.cons(last, chunks));
    all.list_reverse().unwrap_or(all)
}
