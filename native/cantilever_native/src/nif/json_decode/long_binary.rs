use cantilever::OwnedBinary;

const SHORTEST: usize = 64 * 1024;

/// A binary that grows by doubling, in place where the system can.
#[derive(Default)]
pub(super) struct LongBinary {
    binary: Option<OwnedBinary>,
    length: usize,
}

impl LongBinary {
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let needed = self.length + bytes.len();
        let binary = self
            .binary
            .get_or_insert_with(|| OwnedBinary::new(SHORTEST));
        if needed > binary.len() {
            binary.realloc_or_copy(needed.max(2 * binary.len()));
        }
        binary.as_mut_slice()[self.length..needed].copy_from_slice(bytes);
        self.length = needed;
    }

    /// What it holds, and empties it.
    pub(super) fn take(&mut self) -> OwnedBinary {
        let length = std::mem::take(&mut self.length);
        let mut binary = self.binary.take().unwrap_or_else(|| OwnedBinary::new(0));
        binary.realloc_or_copy(length);
        binary
    }
}
