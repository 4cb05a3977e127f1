//! Bytes that go to Elixir as a binary.

use rustler::{Encoder, Env, NewBinary, Term};

/// A `Vec` alone would become a list.
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Encoder for Bytes {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let mut binary = NewBinary::new(env, self.0.len());
        binary.as_mut_slice().copy_from_slice(&self.0);
        binary.into()
    }
}
