//! The sum of i² for 0 ≤ i < n, exact for every n, by really adding the squares up.

use std::ops::Range;

use num_bigint::BigInt;

/// How many squares one call of [`Sum::add_squares`] takes at most: about a microsecond of work,
/// so that looking up between two calls costs nothing and never comes late.
pub(crate) const CHUNK: u64 = 4096;

/// From here on a square no longer fits 64 bits.
const WIDE: u64 = 1 << 32;

/// The sum so far: `low + carries * 2^128`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    low: u128,
    carries: u64,
}

impl Sum {
    /// Adds i² for each i of `range`, which holds at most [`CHUNK`] numbers.
    pub(crate) fn add_squares(&mut self, range: Range<u64>) {
        debug_assert!(range.end.saturating_sub(range.start) <= CHUNK);
        if range.end <= WIDE {
            self.add(narrow_squares(range));
        } else {
            for i in range {
                self.add(u128::from(i) * u128::from(i));
            }
        }
    }

    fn add(&mut self, value: u128) {
        let (low, carried) = self.low.overflowing_add(value);
        self.low = low;
        self.carries += u64::from(carried);
    }
}

impl From<Sum> for BigInt {
    fn from(sum: Sum) -> Self {
        (BigInt::from(sum.carries) << 128u32) + BigInt::from(sum.low)
    }
}

/// The numbers below `n` in pieces of at most [`CHUNK`].
pub(crate) fn chunks(n: u64) -> impl Iterator<Item = Range<u64>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        (start < n).then(|| {
            let end = start.saturating_add(CHUNK).min(n);
            std::mem::replace(&mut start, end)..end
        })
    })
}

// A plain `sum += i * i` would be no loop at all: LLVM knows the formula. Adding the halves of each square apart
// leaves it none to know, and keeps both sums within 64 bits, the width in which this loop vectorises.
fn narrow_squares(range: Range<u64>) -> u128 {
    let (mut low, mut high) = (0u64, 0u64);
    for i in range {
        let i = i & (WIDE - 1);
        let square = i * i;
        low += square & (WIDE - 1);
        high += square >> 32;
    }
    (u128::from(high) << 32) + u128::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(n: u64) -> BigInt {
        let mut sum = Sum::default();
        for range in chunks(n) {
            sum.add_squares(range);
        }
        sum.into()
    }

    fn formula(n: u64) -> BigInt {
        let n = BigInt::from(n);
        (&n - 1) * &n * (2 * &n - 1) / 6
    }

    #[test]
    fn equals_the_formula_at_and_around_chunk_ends() {
        for n in [
            0,
            1,
            2,
            3,
            10,
            CHUNK - 1,
            CHUNK,
            CHUNK + 1,
            3 * CHUNK,
            1_000_003,
        ] {
            assert_eq!(sum(n), formula(n), "n = {n}");
        }
    }

    #[test]
    fn stays_exact_where_64_bits_wrap() {
        assert_eq!(sum(3_024_618), formula(3_024_618));
        assert_eq!(sum(20_000_000), formula(20_000_000));
    }

    #[test]
    fn is_exact_on_both_sides_of_the_wide_numbers() {
        for start in [WIDE - CHUNK, WIDE - CHUNK / 2, WIDE, u64::MAX - CHUNK] {
            let mut sum = Sum::default();
            sum.add_squares(start..start + CHUNK);
            assert_eq!(BigInt::from(sum), formula(start + CHUNK) - formula(start));
        }
    }

    #[test]
    fn carries_past_128_bits() {
        let mut sum = Sum {
            low: u128::MAX,
            carries: 6,
        };
        sum.add_squares(2..3);
        assert_eq!(BigInt::from(sum), (BigInt::from(7) << 128u32) + 3);
    }

    #[test]
    fn chunks_cover_every_number_once() {
        assert_eq!(chunks(0).count(), 0);
        let ranges: Vec<_> = chunks(2 * CHUNK + 5).collect();
        assert_eq!(
            ranges,
            [0..CHUNK, CHUNK..2 * CHUNK, 2 * CHUNK..2 * CHUNK + 5]
        );
    }
}
