//! An integer in, an integer out, in every way in which rustler and the kit run a function: what is left is the cost of
//! the call.

#![forbid(unsafe_code)]

cantilever::init!("Elixir.Cantilever.Bench.Overhead");

#[rustler::nif]
fn rustler_normal(n: i64) -> i64 {
    n + 1
}

#[rustler::nif(schedule = "DirtyCpu")]
fn rustler_dirty(n: i64) -> i64 {
    n + 1
}

#[cantilever::nif]
fn kit_normal(n: i64) -> i64 {
    n + 1
}

#[cantilever::nif]
async fn kit_yielding(n: i64) -> i64 {
    cantilever::checkpoint().await;
    n + 1
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn kit_dirty(n: i64) -> i64 {
    n + 1
}
