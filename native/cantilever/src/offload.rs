//! Work of a Yielding call that cannot be cut into slices.

use std::future::poll_fn;
use std::task::Poll;

use crate::thread_kind::{ThreadKind, thread_kind};
use crate::thread_state::ThreadState;

/// Does a part of a Yielding call on a dirty CPU scheduler, and goes on on a normal one from the next checkpoint on.
///
/// For foreign code that cannot be cut into slices, in a call that otherwise yields. Going there and back takes some
/// 10 µs, or until a dirty scheduler is free: what takes less is better done where it is. If the caller dies, the work is done
/// to its end.
///
/// ```no_run
/// #[cantilever::nif]
/// async fn sorted(mut numbers: Vec<i64>) -> Vec<i64> {
///     cantilever::offload(|| numbers.sort_unstable()).await;
///     numbers
/// }
/// ```
///
/// Outside of a Yielding call the work is done where it is, which must not be a scheduler if it takes long.
pub async fn offload<R>(work: impl FnOnce() -> R) -> R {
    poll_fn(|context| {
        let is_sliced = ThreadState::with(|state| state.slice.is_active());
        if !is_sliced || thread_kind() != ThreadKind::Normal {
            return Poll::Ready(());
        }
        ThreadState::with(|state| state.wants_dirty.set(true));
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    let result = work();
    ThreadState::with(|state| state.slice.use_up());
    result
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn outside_of_a_call_work_is_done_at_once() {
        let mut offloaded = pin!(offload(|| 7));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(offloaded.as_mut().poll(&mut context), Poll::Ready(7));
    }
}
