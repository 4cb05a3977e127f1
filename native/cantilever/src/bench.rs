//! What benches need of the kit's insides, outside of a VM. Not for use by hand: it changes without notice.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::cancel::CancelToken;
use crate::slice;
use crate::thread_state::ThreadState;

/// Polls `future` to its end as a Yielding call is polled, a slice at a time, but without a VM in between. It must
/// wait for nothing but checkpoints.
pub fn run_in_slices<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    ThreadState::with(|state| {
        state.slice.begin(None);
        loop {
            let polled = future.as_mut().poll(&mut context);
            let pace = state.slice.pace();
            state.slice.end();
            match polled {
                Poll::Ready(output) => return output,
                Poll::Pending => state.slice.resume(Instant::now(), pace),
            }
        }
    })
}

/// Calls `work` within a slice that is not used up for an hour.
pub fn in_long_slice<T>(work: impl FnOnce() -> T) -> T {
    slice::set_length_us(u32::MAX);
    ThreadState::with(|state| state.slice.begin(None));
    let result = work();
    ThreadState::with(|state| state.slice.end());
    slice::set_length_us(slice::DEFAULT_SLICE_US);
    result
}

/// Begins and ends the slice of a call that passes no checkpoint.
pub fn begin_and_end_slice() -> Option<i32> {
    ThreadState::with(|state| {
        state.slice.begin(None);
        state.slice.end()
    })
}

/// Begins and ends one of a call's later slices.
pub fn resume_and_end_slice(pace: u32) -> Option<i32> {
    ThreadState::with(|state| {
        state.slice.resume(Instant::now(), pace);
        state.slice.end()
    })
}

/// A token of a caller that never dies. It is never dropped, as that would need a VM.
pub fn cancel_token() -> &'static CancelToken {
    Box::leak(Box::new(ManuallyDrop::new(CancelToken::leaked())))
}
