//! A function that yields. In a library of its own, as the length of a slice is set for a whole library.

#![forbid(unsafe_code)]

use cantilever::BigInt;
use responsiveness_jobs::arithmetic::{CHUNK, Sum, chunks};

cantilever::init!("Elixir.Cantilever.Bench.Slice.Calls");

#[cantilever::nif]
async fn sum_of_squares(n: u64) -> BigInt {
    let mut sum = Sum::default();
    for chunk in chunks(0..n, CHUNK) {
        sum.add_squares(chunk);
        cantilever::checkpoint().await;
    }
    sum.total().into()
}
