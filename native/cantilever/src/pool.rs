//! The kit's own rayon pool.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::thread_kind::{ThreadKind, thread_kind};
use crate::{errand, niceness, panics, reclaim, settings};

static POOL: Mutex<Option<Arc<ThreadPool>>> = Mutex::new(None);

/// Whether the pool was used since it was last looked after.
static USED: AtomicBool = AtomicBool::new(false);

/// Runs `work` on the kit's rayon pool, where parallel iterators use as many threads as the VM has
/// schedulers online (or `load_data: [cantilever: [threads: n]]`), and waits for its result.
///
/// To be called from a dirty function: it blocks its thread. Look at a
/// [`CancelToken`](crate::CancelToken) in the loop, so that the work stops when the caller dies.
///
/// # Panics
/// With the panic of `work`; on a normal scheduler, which it would block; where the system has no
/// threads to give.
///
/// ```no_run
/// use cantilever::rayon::prelude::*;
/// use cantilever::{CancelToken, Cancelled};
///
/// #[cantilever::nif(schedule = "DirtyCpu")]
/// fn count_primes(limit: u64, cancel: CancelToken) -> Result<u64, Cancelled> {
///     cantilever::parallel(|| {
///         (2..limit)
///             .into_par_iter()
///             .map(|n| {
///                 cancel.check()?;
///                 let divisors = (2..).take_while(|d| d * d <= n);
///                 Ok(divisors.into_iter().all(|d| !n.is_multiple_of(d)) as u64)
///             })
///             .sum()
///     })
/// }
/// ```
pub fn parallel<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if thread_kind() == ThreadKind::Normal {
        panic!(
            "cantilever::parallel would block a scheduler: give the function schedule = \"DirtyCpu\""
        );
    }
    USED.store(true, Ordering::Relaxed);
    pool().install(work)
}

fn pool() -> Arc<ThreadPool> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pool) = pool.as_ref() {
        return Arc::clone(pool);
    }
    if !errand::look_after_pool() {
        drop(pool);
        panic!("cannot start the thread that looks after the pool");
    }
    let built = ThreadPoolBuilder::new()
        .num_threads(settings::threads())
        .thread_name(|index| format!("cantilever-{index}"))
        .start_handler(|_| {
            panics::mark_pool_thread();
            niceness::lower_this_thread(settings::threads_nice());
        })
        // Without it rayon ends the node.
        .panic_handler(panics::report_uncaught)
        .build();
    match built {
        Ok(built) => Arc::clone(pool.insert(Arc::new(built))),
        Err(error) => {
            drop(pool);
            panic!(
                "cannot start the {} threads of the pool: {error}",
                settings::threads()
            )
        }
    }
}

/// Lets the pool's threads end if nobody has used them since this was last called; whether there are
/// threads to look after still. (A library that was replaced by another build has no other end.)
pub(crate) fn stop_if_unused() -> bool {
    // Somebody who builds a pool has the lock for as long as that takes, and errands are not to wait.
    let mut pool = match POOL.try_lock() {
        Ok(pool) => pool,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return true,
    };
    let in_use = pool
        .as_ref()
        .is_some_and(|pool| Arc::strong_count(pool) > 1);
    if USED.swap(false, Ordering::Relaxed) || in_use {
        return true;
    }
    if let Some(pool) = pool.take() {
        reclaim::drop_later(pool);
    }
    false
}

/// Lets the pool's threads end; the next `parallel` starts new ones.
pub(crate) fn stop() {
    let stopped = POOL.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(pool) = stopped {
        reclaim::drop_later(pool);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_that_nobody_uses_ends_when_it_is_looked_after_for_the_second_time() {
        assert_eq!(parallel(rayon::current_num_threads), settings::threads());
        assert!(stop_if_unused());
        assert!(!stop_if_unused());
        assert!(POOL.lock().unwrap().is_none());
        assert_eq!(parallel(|| 1), 1);
    }
}
