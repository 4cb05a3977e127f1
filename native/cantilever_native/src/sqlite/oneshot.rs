//! An answer that is awaited, from a thread.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Gives the answer, or says by being dropped that there is none.
pub(super) struct Sender<T>(Arc<Mutex<Place<T>>>);

/// Becomes the answer.
pub(super) struct Receiver<T>(Arc<Mutex<Place<T>>>);

struct Place<T> {
    answer: Option<T>,
    is_over: bool,
    waker: Option<Waker>,
}

pub(super) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let place = Arc::new(Mutex::new(Place {
        answer: None,
        is_over: false,
        waker: None,
    }));
    (Sender(Arc::clone(&place)), Receiver(place))
}

impl<T> Sender<T> {
    pub(super) fn send(self, answer: T) {
        lock(&self.0).answer = Some(answer);
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waker = {
            let mut place = lock(&self.0);
            place.is_over = true;
            place.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut place = lock(&self.0);
        if place.is_over {
            return Poll::Ready(place.answer.take());
        }
        place.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

fn lock<T>(place: &Mutex<Place<T>>) -> MutexGuard<'_, Place<T>> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
