//! A function that does nothing but give up its slice. In a library of its own, as the length of a slice is set for a
//! whole library.

#![forbid(unsafe_code)]

cantilever::init!("Elixir.Cantilever.Bench.Overhead.Reschedule");

#[cantilever::nif]
async fn kit_reschedule(times: i64) -> i64 {
    for _ in 0..times {
        cantilever::checkpoint().await;
    }
    0
}
