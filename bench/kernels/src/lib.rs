//! The kernel behind `Cantilever.Native.intensive_calculation/1`, run to the end in one go.

#![forbid(unsafe_code)]

use cantilever_native::intensive_calculation::{Sum, chunks};

/// The sum of the squares of all integers below `input`, as text: it may be larger than any integer type.
pub fn sum_of_squares(input: u64) -> String {
    let mut sum = Sum::default();
    for range in chunks(0..input) {
        sum.add_squares(range);
    }
    sum.total().to_string()
}
