//! The order in which the VM keeps the keys of small maps, found once for each kind of object.
//!
//! The VM sorts the keys of a map by insertion, which is quick where they come sorted, and takes most of the time that making
//! an object's map takes where they do not.

/// Maps of more keys are kept by their hashes.
const MOST_KEYS: usize = 32;

/// Two keys are compared once either way.
const FEWEST_KEYS: usize = 3;

/// How many kinds of objects are known at a time.
const KINDS: usize = 64;

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// A hash of the keys of an object, in their order, by which its kind is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kind(u64);

impl Kind {
    /// Of what was met so far, with this key.
    #[inline]
    pub(super) fn with(self, key: &[u8]) -> Self {
        let first = key
            .first_chunk()
            .map_or_else(|| short_word(key), |word| u64::from_le_bytes(*word));
        let last = key.last_chunk().map_or(0, |word| u64::from_le_bytes(*word));
        let key = first ^ last.rotate_left(23) ^ key.len() as u64;
        Kind((self.0.rotate_left(5) ^ key).wrapping_mul(MULTIPLIER))
    }
}

/// Up to 7 bytes, read as two numbers that may overlap.
#[inline]
fn short_word(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    }
    bytes
        .iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[derive(Clone, Debug)]
struct Known {
    kind: Kind,
    count: usize,
    is_sorted: bool,
    order: [u8; MOST_KEYS],
}

/// The orders of objects that were met before. Where two kinds have one hash, that of one of them is not sorted.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyOrders(Vec<Known>);

impl KeyOrders {
    /// In which order an object's members come, counted from 0 on; `None` if as they are is as well. `key` is the bytes of
    /// the key of one.
    #[inline]
    pub(super) fn order<'k>(
        &mut self,
        kind: Kind,
        count: usize,
        key: impl Fn(usize) -> &'k [u8],
    ) -> Option<&[u8]> {
        if !(FEWEST_KEYS..=MOST_KEYS).contains(&count) {
            return None;
        }
        if self.0.is_empty() {
            self.fill();
        }
        let known = &mut self.0[(kind.0 >> 40) as usize % KINDS];
        if known.kind != kind || known.count != count {
            known.learn(kind, count, key);
        }
        (!known.is_sorted).then_some(&known.order[..count])
    }

    #[cold]
    fn fill(&mut self) {
        let nothing = Known {
            kind: Kind::default(),
            count: 0,
            is_sorted: true,
            order: [0; MOST_KEYS],
        };
        self.0 = vec![nothing; KINDS];
    }
}

impl Known {
    #[cold]
    fn learn<'k>(&mut self, kind: Kind, count: usize, key: impl Fn(usize) -> &'k [u8]) {
        self.kind = kind;
        self.count = count;
        for (index, place) in self.order.iter_mut().zip(0..) {
            *index = place;
        }
        let order = &mut self.order[..count];
        order.sort_unstable_by_key(|index| key(usize::from(*index)));
        self.is_sorted = order.is_sorted();
    }
}
