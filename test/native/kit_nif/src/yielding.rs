//! Futures that end their slices in unusual ways.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

/// Adds up the bytes of its argument, in small pieces.
#[cantilever::nif]
async fn yield_sum(numbers: Vec<i64>, chunk: usize) -> i64 {
    let mut sum = 0_i64;
    for piece in numbers.chunks(chunk.max(1)) {
        sum = piece.iter().fold(sum, |sum, number| {
            sum.wrapping_mul(31).wrapping_add(*number)
        });
        cantilever::checkpoint().await;
    }
    sum
}

#[cantilever::nif]
fn plain_sum(numbers: Vec<i64>) -> i64 {
    numbers.iter().fold(0_i64, |sum, number| {
        sum.wrapping_mul(31).wrapping_add(*number)
    })
}

async fn count(n: u32) -> u32 {
    let mut count = 0;
    for _ in 0..n {
        cantilever::checkpoint().await;
        count += 1;
    }
    count
}

/// Two loops side by side in one call.
#[cantilever::nif]
async fn yield_joined(a: u32, b: u32) -> (u32, u32) {
    let (mut first, mut second) = (pin!(count(a)), pin!(count(b)));
    let (mut x, mut y) = (None, None);
    std::future::poll_fn(move |context| {
        if x.is_none()
            && let Poll::Ready(value) = first.as_mut().poll(context)
        {
            x = Some(value);
        }
        if y.is_none()
            && let Poll::Ready(value) = second.as_mut().poll(context)
        {
            y = Some(value);
        }
        match (x, y) {
            (Some(x), Some(y)) => Poll::Ready((x, y)),
            _ => Poll::Pending,
        }
    })
    .await
}

/// Wakes itself and waits, as other runtimes' `yield_now` do, without a checkpoint.
#[cantilever::nif]
async fn yield_by_waking(n: u32) -> u32 {
    for _ in 0..n {
        let mut waited = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
    n
}

/// Keeps more on its stack than a reused block holds.
#[cantilever::nif]
async fn yield_large(n: u32) -> u64 {
    let mut numbers = [0_u64; 1000];
    for i in 0..n as usize {
        numbers[i % 1000] += i as u64;
        cantilever::checkpoint().await;
    }
    numbers.iter().sum()
}

/// How many slices were measured since the last call.
#[cantilever::nif]
fn take_slices() -> u64 {
    let slices = cantilever::slice_stats().slices;
    cantilever::reset_slice_stats();
    slices
}
