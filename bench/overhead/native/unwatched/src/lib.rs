//! A function of the kit's whose library does not watch for slow calls: what watching costs.

#![forbid(unsafe_code)]

cantilever::init!("Elixir.Cantilever.Bench.Overhead.Unwatched");

#[cantilever::nif]
fn kit_unwatched(n: i64) -> i64 {
    n + 1
}
