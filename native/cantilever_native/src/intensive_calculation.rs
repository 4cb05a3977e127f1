//! Σ i² for 0 ≤ i < n, by doing it: a job of any length for examples and benches.
//!
//! A plain loop over `i * i` would measure nothing, as LLVM turns it into a formula. Adding up the
//! halves of each square apart keeps it a loop, and lets it vectorise.

use std::ops::Range;

use num_bigint::BigUint;

/// How many squares are added between two checkpoints: about a microsecond's work.
pub const CHUNK: u64 = 4096;

/// A sum of squares, exact at any size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    // What was added since `carried` was last, which is when this would have overflowed.
    recent: u128,
    carried: BigUint,
}

impl Sum {
    /// Adds i² for every i in `range`.
    ///
    /// ```no_run
    /// use cantilever_native::intensive_calculation::Sum;
    ///
    /// let mut sum = Sum::default();
    /// sum.add_squares(0..5);
    /// assert_eq!(sum.total(), 30_u32.into());
    /// ```
    pub fn add_squares(&mut self, range: Range<u64>) {
        let small = range.start.min(1 << 32)..range.end.min(1 << 32);
        for chunk in chunks(small, CHUNK) {
            self.add(small_squares(chunk));
        }
        for i in range.start.max(1 << 32)..range.end {
            self.add(u128::from(i) * u128::from(i));
        }
    }

    /// The sum so far.
    pub fn total(&self) -> BigUint {
        &self.carried + self.recent
    }

    fn add(&mut self, squares: u128) {
        match self.recent.checked_add(squares) {
            Some(recent) => self.recent = recent,
            None => {
                self.carried += self.recent;
                self.recent = squares;
            }
        }
    }
}

/// Adds the squares of at most [`CHUNK`] numbers below 2³²: each half of a sum stays below 2⁶⁴.
fn small_squares(range: Range<u64>) -> u128 {
    let (mut low, mut high) = (0_u64, 0_u64);
    let start = range.start as u32;
    for offset in 0..(range.end - range.start) as u32 {
        let i = u64::from(start + offset);
        let square = i * i;
        low += square & 0xffff_ffff;
        high += square >> 32;
    }
    u128::from(low) + (u128::from(high) << 32)
}

/// Cuts `range` into pieces of `length`, the last of them shorter.
///
/// # Panics
/// If `length` is 0.
///
/// ```no_run
/// use cantilever_native::intensive_calculation::chunks;
///
/// assert_eq!(chunks(0..10, 4).collect::<Vec<_>>(), [0..4, 4..8, 8..10]);
/// ```
pub fn chunks(range: Range<u64>, length: u64) -> impl Iterator<Item = Range<u64>> {
    assert!(length > 0, "a piece has a length");
    let mut start = range.start;
    std::iter::from_fn(move || {
        let chunk = start..start.saturating_add(length).min(range.end);
        start = chunk.end;
        (chunk.start < chunk.end).then_some(chunk)
    })
}

/// Σ i² for 0 ≤ i < n, in one go.
///
/// ```no_run
/// use cantilever_native::intensive_calculation::sum_of_squares;
///
/// assert_eq!(sum_of_squares(3_024_618).to_string(), "9223380536828333485");
/// ```
pub fn sum_of_squares(n: u64) -> BigUint {
    let mut sum = Sum::default();
    for chunk in chunks(0..n, CHUNK) {
        sum.add_squares(chunk);
    }
    sum.total()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// (n - 1) n (2n - 1) / 6.
    fn formula(n: u64) -> BigUint {
        if n == 0 {
            return BigUint::ZERO;
        }
        BigUint::from(n - 1) * n * (BigUint::from(n) * 2_u32 - 1_u32) / 6_u32
    }

    proptest! {
        #[test]
        fn the_sum_equals_the_formula(n in 0_u64..3_000_000) {
            prop_assert_eq!(sum_of_squares(n), formula(n));
        }

        #[test]
        fn ranges_anywhere_add_up(
            start in prop_oneof![0_u64..u64::MAX - 20_000, (1_u64 << 32) - 10_000..1 << 32],
            length in 0_u64..20_000,
        ) {
            let mut sum = Sum::default();
            sum.add_squares(start..start + length);
            prop_assert_eq!(sum.total(), formula(start + length) - formula(start));
        }

        #[test]
        fn chunks_cover_the_range_without_overlap(
            start in 0_u64..1 << 40, length in 0_u64..10_000, chunk in 1_u64..500,
        ) {
            let end = start + length;
            let mut next = start;
            for piece in chunks(start..end, chunk) {
                prop_assert_eq!(piece.start, next);
                prop_assert!(piece.end - piece.start <= chunk);
                next = piece.end;
            }
            prop_assert_eq!(next, end);
        }
    }

    #[test]
    fn the_first_sum_beyond_64_signed_bits_is_exact() {
        assert_eq!(sum_of_squares(3_024_618).to_string(), "9223380536828333485");
    }

    #[test]
    fn the_carry_into_the_big_number_is_exact() {
        let mut sum = Sum {
            recent: u128::MAX - 1,
            carried: BigUint::ZERO,
        };
        sum.add_squares(0..3);
        assert_eq!(sum.total(), BigUint::from(u128::MAX) + 4_u32);
    }
}
