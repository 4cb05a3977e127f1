//! What clients mask their frames with.

/// How many bytes are unmasked at a time, on their way: a multiple of the mask.
const BLOCK: usize = 128;

/// The mask for the next byte and those after it.
#[derive(Clone, Copy)]
pub(super) struct Mask([u8; 4]);

impl Mask {
    pub(super) fn new(mask: [u8; 4]) -> Self {
        Mask(mask)
    }

    /// Hands what is under the mask to `take`, a few bytes at a time.
    #[inline]
    pub(super) fn remove(&mut self, masked: &[u8], mut take: impl FnMut(&[u8])) {
        let (blocks, rest) = masked.as_chunks::<BLOCK>();
        for block in blocks {
            let mut plain = *block;
            self.apply(&mut plain);
            take(&plain);
        }
        if !rest.is_empty() {
            let mut plain = [0; BLOCK];
            plain[..rest.len()].copy_from_slice(rest);
            self.apply(&mut plain);
            take(&plain[..rest.len()]);
            self.0.rotate_left(rest.len() % 4);
        }
    }

    #[inline]
    fn apply(&self, bytes: &mut [u8; BLOCK]) {
        let mask = u32::from_ne_bytes(self.0);
        for word in bytes.as_chunks_mut::<4>().0 {
            *word = (u32::from_ne_bytes(*word) ^ mask).to_ne_bytes();
        }
    }
}
