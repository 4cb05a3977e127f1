//! Futures that wait for something else than a checkpoint.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cantilever::Handle;

/// A value that arrives once, from elsewhere.
#[derive(Default)]
pub(crate) struct Slot {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    value: Option<i64>,
    waker: Option<Waker>,
}

impl Slot {
    fn put(&self, value: i64) {
        let waker = self.state.lock().ok().and_then(|mut state| {
            state.value = Some(value);
            state.waker.take()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

pub(crate) struct Taken(pub(crate) Arc<Slot>);

impl Future for Taken {
    type Output = i64;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<i64> {
        match self.0.state.lock() {
            Ok(mut state) => match state.value {
                Some(value) => Poll::Ready(value),
                None => {
                    state.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            },
            Err(_) => Poll::Ready(-1),
        }
    }
}

#[cantilever::nif]
fn slot_new() -> Handle<Arc<Slot>> {
    Handle::new(Arc::default())
}

#[cantilever::nif]
fn slot_put(slot: Handle<Arc<Slot>>, value: i64) -> bool {
    slot.put(value);
    true
}

/// Whether some call waits for the slot with a waker.
#[cantilever::nif]
fn slot_waited_for(slot: Handle<Arc<Slot>>) -> bool {
    slot.state.lock().is_ok_and(|state| state.waker.is_some())
}

/// How many references there are to the slot: the handle's own, and one for each call that waits.
#[cantilever::nif]
fn slot_references(slot: Handle<Arc<Slot>>) -> usize {
    Arc::strong_count(&slot)
}

#[cantilever::nif]
async fn slot_take(slot: Handle<Arc<Slot>>) -> i64 {
    Taken(Arc::clone(&slot)).await
}

/// Waits, works, and waits again.
#[cantilever::nif]
async fn slot_take_then_work(slot: Handle<Arc<Slot>>, n: u32) -> i64 {
    let value = Taken(Arc::clone(&slot)).await;
    for _ in 0..n {
        cantilever::checkpoint().await;
    }
    value + Taken(Arc::clone(&slot)).await
}

/// Wakes itself from a thread after a while.
#[cantilever::nif]
async fn sleep_ms(ms: u64) -> i64 {
    let slot = Arc::new(Slot::default());
    let timer = Arc::clone(&slot);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(ms));
        timer.put(ms as i64);
    });
    Taken(slot).await
}
