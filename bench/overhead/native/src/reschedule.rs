//! A function that does nothing but give up its slice.

#[cantilever::nif]
async fn kit_reschedule(times: i64) -> i64 {
    for _ in 0..times {
        cantilever::checkpoint().await;
    }
    0
}
