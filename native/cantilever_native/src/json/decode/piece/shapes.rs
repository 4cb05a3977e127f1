//! Which keys objects have had, in which order: what the next key will probably be, and how the VM sorts them.
//!
//! Objects of one kind come one after the other, with the same keys in the same order. So after each key, those that followed
//! it before are compared with the input first: a key that is there needs not be looked through for its end. And the VM
//! sorts the keys of a map by insertion, which is quick where they come sorted, and takes most of the time that making an
//! object's map takes where they do not: how to sort them is found once.

use crate::json::decode::Text;

/// Maps of more keys are kept by their hashes.
const MOST_SORTED: usize = 32;

/// Two keys are compared once either way.
const FEWEST_SORTED: usize = 3;

/// How many bytes are compared: a key, its second quote and the colon.
const WORDS: usize = 5;
const LONGEST: usize = 8 * WORDS - END.len();
const END: &[u8; 2] = b"\":";

/// How many places there are, so that they take 60 KiB at most. When there are more, all begin anew.
const MOST_PLACES: usize = 1024;

/// How many keys after one are known.
const MOST_ALTERNATIVES: usize = 4;

/// An object of more keys is no kind, but a map by some name.
const MOST_KEYS: u8 = 64;

/// Objects whose own begin is not known are told apart by how deep they are.
const DEPTHS: usize = 16;

/// After a key of an object of some kind, or at its begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place(u16);

const NOWHERE: Place = Place(0);

/// How members are sorted that end at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Unknown,
    /// To be found out when another object ends there.
    Wanted,
    AsTheyAre,
    Kept(u16),
}

#[derive(Clone, Debug)]
struct Known {
    /// The key and `END`, then zeros.
    words: [u64; WORDS],
    length: u8,
    /// How many keys there are up to here.
    count: u8,
    /// The first key that followed, and another one that followed the key before this.
    first: Place,
    other: Place,
    /// The begin of objects that are the value of the key, or in it, if there was one before.
    begin: Begin,
    order: Order,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begin {
    None,
    Once,
    Own(Place),
}

const BEGIN: Known = Known {
    words: [0; WORDS],
    length: 0,
    count: 0,
    first: NOWHERE,
    other: NOWHERE,
    begin: Begin::None,
    order: Order::AsTheyAre,
};

/// What is known of objects.
#[derive(Clone, Debug, Default)]
pub(super) struct Shapes {
    places: Vec<Known>,
    orders: Vec<[u8; MOST_SORTED]>,
}

impl Shapes {
    /// Where an object begins that is the value of the key at `place`, or an element of that.
    #[inline]
    pub(super) fn begin(&mut self, place: Place, depth: usize) -> Place {
        match self.places.get(usize::from(place.0)) {
            Some(known) if let Begin::Own(begin) = known.begin => begin,
            _ => self.other_begin(place, depth),
        }
    }

    /// The keys of a map by some name are there once each, and the objects in them begin in one place.
    fn other_begin(&mut self, place: Place, depth: usize) -> Place {
        if self.places.is_empty() {
            self.begin_anew();
        }
        let next = Place(self.places.len() as u16);
        let known = &mut self.places[usize::from(place.0)];
        if place != NOWHERE && known.begin == Begin::Once && usize::from(next.0) < MOST_PLACES {
            known.begin = Begin::Own(next);
            self.places.push(BEGIN);
            return next;
        }
        known.begin = Begin::Once;
        Place(1 + (depth % DEPTHS) as u16)
    }

    /// The key that `input` begins with, after the first quote, if it has been at `place` before: where that leads to, and the
    /// length of the key.
    #[inline]
    pub(super) fn follow(&self, place: Place, input: &[u8]) -> Option<(Place, usize)> {
        let words = words(input.first_chunk()?);
        let mut next = self.places.get(usize::from(place.0))?.first;
        for _ in 0..MOST_ALTERNATIVES {
            let known = self.places.get(usize::from(next.0))?;
            if known.begins(&words) {
                return Some((next, usize::from(known.length)));
            }
            next = known.other;
        }
        None
    }

    /// Where the key leads to from `place`, known from now on; `None` if there were too many, and no other place is one any more.
    pub(super) fn learn(&mut self, place: Place, key: Text<'_>) -> Option<Place> {
        if place == NOWHERE || key.len() > LONGEST {
            return Some(NOWHERE);
        }
        let mut block = [0; 8 * WORDS];
        block[..key.len()].copy_from_slice(key.as_bytes());
        block[key.len()..][..END.len()].copy_from_slice(END);
        if let Some((next, _)) = self.follow(place, &block) {
            return Some(next);
        }
        let Known { count, first, .. } = self.places[usize::from(place.0)];
        if count == MOST_KEYS {
            return Some(NOWHERE);
        }
        if self.places.len() == MOST_PLACES {
            self.begin_anew();
            return None;
        }
        let next = Place(self.places.len() as u16);
        self.places.push(Known {
            words: words(&block),
            length: key.len() as u8,
            count: count + 1,
            first: NOWHERE,
            other: first,
            begin: Begin::None,
            order: Order::Unknown,
        });
        self.places[usize::from(place.0)].first = next;
        Some(next)
    }

    /// In which order the `count` members come of an object that ends at `place`, counted from 0 on; `None` if as they are is
    /// as well. `key` is the bytes of the key of one.
    #[inline]
    pub(super) fn order<'k>(
        &mut self,
        place: Place,
        count: usize,
        key: impl Fn(usize) -> &'k [u8],
    ) -> Option<&[u8]> {
        if place == NOWHERE || !(FEWEST_SORTED..=MOST_SORTED).contains(&count) {
            return None;
        }
        let known = &mut self.places[usize::from(place.0)];
        match known.order {
            Order::Unknown => known.order = Order::Wanted,
            Order::Wanted => self.learn_order(place, count, key),
            Order::AsTheyAre | Order::Kept(_) => {}
        }
        match self.places[usize::from(place.0)].order {
            Order::Kept(index) => self.orders[usize::from(index)].get(..count),
            _ => None,
        }
    }

    #[cold]
    fn learn_order<'k>(&mut self, place: Place, count: usize, key: impl Fn(usize) -> &'k [u8]) {
        let mut order = [0; MOST_SORTED];
        for (index, place) in order.iter_mut().zip(0..) {
            *index = place;
        }
        let key = |index: u8| key(usize::from(index));
        let sorted = &mut order[..count];
        sorted.sort_unstable_by_key(|index| key(*index));
        // Of a key that is there twice the last is to stay the last.
        let are_different = sorted.is_sorted_by(|one, other| key(*one) < key(*other));
        let is_kept = are_different && !sorted.is_sorted();
        self.places[usize::from(place.0)].order = if is_kept {
            self.orders.push(order);
            Order::Kept(self.orders.len() as u16 - 1)
        } else {
            Order::AsTheyAre
        };
    }

    #[cold]
    fn begin_anew(&mut self) {
        self.places.clear();
        self.places.resize(1 + DEPTHS, BEGIN);
        self.orders.clear();
    }
}

impl Known {
    #[inline]
    fn begins(&self, input: &[u64; WORDS]) -> bool {
        let masks = &MASKS[usize::from(self.length)];
        let mut difference = 0;
        for index in 0..WORDS {
            difference |= (self.words[index] ^ input[index]) & masks[index];
        }
        // What is nowhere has no key.
        difference == 0 && self.count > 0
    }
}

#[inline]
fn words(block: &[u8; 8 * WORDS]) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

/// The bits of a key of each length and of what ends it.
const MASKS: [[u64; WORDS]; LONGEST + 1] = {
    let mut masks = [[0; WORDS]; LONGEST + 1];
    let mut length = 0;
    while length <= LONGEST {
        let mut byte = 0;
        while byte < length + END.len() {
            masks[length][byte / 8] |= 0xFF << (8 * (byte % 8));
            byte += 1;
        }
        length += 1;
    }
    masks
};
