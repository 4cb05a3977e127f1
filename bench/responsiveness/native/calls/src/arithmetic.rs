//! The sum of squares.

use cantilever::BigInt;
use responsiveness_jobs::arithmetic::{CHUNK, Sum, chunks, parallel, sum_of_squares};
use rustler::{Atom, Env};

#[rustler::nif]
fn sum_rustler_normal(n: u64) -> BigInt {
    sum_of_squares(n).into()
}

#[rustler::nif(schedule = "DirtyCpu")]
fn sum_rustler_dirty(n: u64) -> BigInt {
    sum_of_squares(n).into()
}

#[rustler::nif]
fn sum_rustler_thread(env: Env<'_>, n: u64) -> Atom {
    crate::spawned::run(env, move || BigInt::from(sum_of_squares(n)))
}

#[cantilever::nif]
async fn sum_kit_yielding(n: u64) -> BigInt {
    let mut sum = Sum::default();
    for chunk in chunks(0..n, CHUNK) {
        sum.add_squares(chunk);
        cantilever::checkpoint().await;
    }
    sum.total().into()
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn sum_kit_dirty(n: u64) -> BigInt {
    sum_of_squares(n).into()
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn sum_kit_parallel(n: u64) -> BigInt {
    cantilever::parallel(|| parallel(n)).into()
}
