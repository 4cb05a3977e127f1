//! Keys that were met before: objects of one kind share the terms of their keys.

/// How many keys are known at a time.
const PLACES: usize = 256;

/// The longest key that is looked for.
const LONGEST: usize = 24;

/// A key, padded with zeros: compared and hashed a word at a time.
type Words = [u64; LONGEST / 8];

#[derive(Clone, Copy)]
struct Entry {
    words: Words,
    length: usize,
}

/// Where a key is kept.
pub(super) enum Place {
    Known(usize),
    /// It takes the place of another one.
    New(usize),
    TooLong,
}

pub(super) struct KeyCache(Vec<Entry>);

impl KeyCache {
    pub(super) fn new() -> Self {
        KeyCache(Vec::new())
    }

    #[inline]
    pub(super) fn place(&mut self, key: &[u8]) -> Place {
        if key.len() > LONGEST {
            return Place::TooLong;
        }
        let words = words(key);
        if self.0.is_empty() {
            self.fill();
        }
        let place = hash(words, key.len());
        let entry = &mut self.0[place];
        if entry.words == words && entry.length == key.len() {
            return Place::Known(place);
        }
        *entry = Entry {
            words,
            length: key.len(),
        };
        Place::New(place)
    }

    /// What was to be kept in a place has not been.
    pub(super) fn forget(&mut self, place: usize) {
        self.0[place].length = usize::MAX;
    }

    #[cold]
    fn fill(&mut self) {
        let nothing = Entry {
            words: Words::default(),
            length: usize::MAX,
        };
        self.0 = vec![nothing; PLACES];
    }
}

/// Whoever makes keys collide has them built anew, which costs no more than different ones would.
#[inline]
fn hash(words: Words, length: usize) -> usize {
    let mixed = words[0] ^ words[1].rotate_left(23) ^ words[2].rotate_left(47) ^ length as u64;
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize % PLACES
}

#[inline]
fn words(key: &[u8]) -> Words {
    let mut words = Words::default();
    let (whole, rest) = key.as_chunks::<8>();
    for (word, bytes) in words.iter_mut().zip(whole) {
        *word = u64::from_le_bytes(*bytes);
    }
    if let Some(word) = words.get_mut(whole.len()) {
        *word = short_word(rest);
    }
    words
}

/// Up to 7 bytes, read as two numbers that may overlap.
#[inline]
fn short_word(bytes: &[u8]) -> u64 {
    let shift = |least: usize| 8 * (bytes.len() - least);
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return u64::from(u32::from_le_bytes(*first))
            | u64::from(u32::from_le_bytes(*last)) << shift(4);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return u64::from(u16::from_le_bytes(*first))
            | u64::from(u16::from_le_bytes(*last)) << shift(2);
    }
    bytes.first().map_or(0, |byte| u64::from(*byte))
}
