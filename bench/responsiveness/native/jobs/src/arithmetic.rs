//! Σ i² for 0 ≤ i < n, by doing it.

use std::ops::Range;

use num_bigint::BigUint;
use rayon::prelude::*;

pub use cantilever_native::intensive_calculation::{CHUNK, Sum, chunks, sum_of_squares};

/// How many squares one piece of the parallel sum has: some 16 µs of work.
const PIECE: u64 = 16 * CHUNK;

/// The sum on the threads of the rayon pool that it is called in.
pub fn parallel(n: u64) -> BigUint {
    parallel_between(n, || ())
}

/// The same, calling `between` before each piece.
pub fn parallel_between(n: u64, between: impl Fn() + Sync) -> BigUint {
    (0..n.div_ceil(PIECE))
        .into_par_iter()
        .map(|piece| {
            between();
            sum(piece * PIECE..n.min((piece + 1) * PIECE))
        })
        .sum()
}

fn sum(range: Range<u64>) -> BigUint {
    let mut sum = Sum::default();
    sum.add_squares(range);
    sum.total()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_threads_together_get_the_same_sum() {
        for n in [0, 1, PIECE, PIECE + 1, 1_000_000] {
            assert_eq!(parallel(n), sum_of_squares(n));
        }
    }
}
