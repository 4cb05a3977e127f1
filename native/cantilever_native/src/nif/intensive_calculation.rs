use std::time::Duration;

use cantilever::BigInt;

use crate::intensive_calculation::{CHUNK, Sum, chunks};

#[cantilever::nif]
async fn intensive_calculation(input: u64) -> BigInt {
    let mut sum = Sum::default();
    for chunk in chunks(0..input, CHUNK) {
        sum.add_squares(chunk);
        cantilever::checkpoint().await;
    }
    sum.total().into()
}

/// How many slices were measured since the last call, and the longest of them in nanoseconds.
#[cantilever::nif]
fn take_slice_stats() -> (u64, u64) {
    let stats = cantilever::slice_stats();
    cantilever::reset_slice_stats();
    (stats.slices, nanoseconds(stats.longest))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
