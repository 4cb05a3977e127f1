//! The slice: how long a Yielding call may run before the scheduler turns to other processes.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::thread_state::ThreadState;

/// As long as the BEAM's own 4,000 reductions of Elixir code take, and the longest beside which others wait
/// no longer than on an idle node: `bench/results/slice.md` has the figures.
pub(crate) const DEFAULT_SLICE_US: u32 = 20;

/// How many checkpoints may pass between two looks at the clock. Bounds how long a call can
/// overrun when its chunks suddenly become longer.
const MOST_UNLOOKED: u32 = 32;

static SLICE_US: AtomicU32 = AtomicU32::new(DEFAULT_SLICE_US);
static SLICES: AtomicU64 = AtomicU64::new(0);
static LONGEST_NS: AtomicU64 = AtomicU64::new(0);

/// The slice that this thread is in. `start` is set by the first look at the clock at the latest.
pub(crate) struct Slice {
    active: Cell<bool>,
    over: Cell<bool>,
    until_look: Cell<u32>,
    interval: Cell<u32>,
    passed: Cell<u32>,
    start: Cell<Option<Instant>>,
    last_look: Cell<Option<Instant>>,
}

impl Slice {
    pub(crate) const fn new() -> Self {
        Slice {
            active: Cell::new(false),
            over: Cell::new(false),
            until_look: Cell::new(u32::MAX),
            interval: Cell::new(1),
            passed: Cell::new(0),
            start: Cell::new(None),
            last_look: Cell::new(None),
        }
    }

    /// Begins the first slice of a call. Without a `start` it is measured from its second
    /// checkpoint on, so that a call which ends before costs no look at the clock.
    #[inline]
    pub(crate) fn begin(&self, start: Option<Instant>) {
        let unlooked = if start.is_some() || budget().is_zero() {
            1
        } else {
            2
        };
        self.set(start, unlooked);
    }

    /// Begins another slice of a call, with the [`pace`](Self::pace) of the one before.
    pub(crate) fn resume(&self, start: Instant, pace: u32) {
        self.set(Some(start), pace.clamp(1, MOST_UNLOOKED));
    }

    /// How many checkpoints of the call's next slice may pass before the first look at the clock:
    /// half as many as fitted into this one.
    pub(crate) fn pace(&self) -> u32 {
        self.passed.get() / 2
    }

    #[inline]
    fn set(&self, start: Option<Instant>, unlooked: u32) {
        self.active.set(true);
        self.over.set(false);
        self.until_look.set(unlooked);
        self.interval.set(unlooked);
        self.passed.set(0);
        self.start.set(start);
        self.last_look.set(start);
    }

    /// Ends the slice and returns the share of the process's time that it used, in percent, or
    /// `None` where it was too short to have been measured.
    #[inline]
    pub(crate) fn end(&self) -> Option<i32> {
        self.active.set(false);
        self.until_look.set(u32::MAX);
        let start = self.start.take()?;
        // A checkpoint has just read the clock, if it was one that ended the slice.
        let end = if self.over.get() {
            SLICES.fetch_add(1, Ordering::Relaxed);
            self.last_look.get()
        } else {
            None
        };
        Some(used(end.unwrap_or_else(Instant::now).duration_since(start)))
    }

    /// Ends a slice whose length matters to nobody, as on a dirty scheduler.
    pub(crate) fn end_unmeasured(&self) {
        self.active.set(false);
        self.until_look.set(u32::MAX);
        self.start.take();
    }

    /// Whether a Yielding call runs on this thread.
    pub(crate) fn is_active(&self) -> bool {
        self.active.get()
    }

    /// Ends the slice, at the latest, when what is returned is dropped, as by a panic.
    pub(crate) fn end_with(&self) -> EndWith<'_> {
        EndWith(self)
    }

    /// Has the next checkpoint end the slice.
    pub(crate) fn use_up(&self) {
        if self.active.get() {
            self.over.set(true);
            self.until_look.set(1);
        }
    }

    /// Whether the slice is used up, by the clock.
    pub(crate) fn is_over(&self) -> bool {
        self.look()
    }

    /// Passes a checkpoint; whether the slice is used up.
    #[inline]
    pub(crate) fn pass(&self) -> bool {
        let until_look = self.until_look.get() - 1;
        self.until_look.set(until_look);
        if until_look > 0 || !self.look() {
            return false;
        }
        self.until_look.set(1);
        true
    }

    #[cold]
    fn look(&self) -> bool {
        if !self.active.get() {
            self.until_look.set(u32::MAX);
            return false;
        }
        if self.over.get() {
            return true;
        }
        let now = Instant::now();
        let start = self.start.get().unwrap_or(now);
        self.start.set(Some(start));
        let passed = self.interval.get() - self.until_look.get();
        self.passed.set(self.passed.get() + passed);
        let interval = match self.last_look.replace(Some(now)) {
            Some(last) => next_interval(
                passed,
                now.duration_since(last),
                budget().saturating_sub(now.duration_since(start)),
            ),
            None => 1,
        };
        self.interval.set(interval);
        self.until_look.set(interval);
        self.over.set(now.duration_since(start) >= budget());
        self.over.get()
    }
}

/// Ends a slice when it is dropped.
pub(crate) struct EndWith<'s>(&'s Slice);

impl Drop for EndWith<'_> {
    fn drop(&mut self) {
        self.0.end_unmeasured();
    }
}

/// How many checkpoints may pass before the next look, if `passed` of them took `took` and the
/// slice has `left` to go: as many as fit, and at most twice as many as last time, as the next
/// ones may take longer.
fn next_interval(passed: u32, took: Duration, left: Duration) -> u32 {
    let each = (nanos(took) / u64::from(passed.max(1))).max(1);
    let fit = u32::try_from(nanos(left).div_ceil(each)).unwrap_or(u32::MAX);
    fit.clamp(1, passed.saturating_mul(2).clamp(1, MOST_UNLOOKED))
}

/// Sets how long slices are from now on, in microseconds; 0 ends a slice at every checkpoint.
pub(crate) fn set_length_us(us: u32) {
    SLICE_US.store(us, Ordering::Relaxed);
}

fn budget() -> Duration {
    Duration::from_micros(u64::from(SLICE_US.load(Ordering::Relaxed)))
}

fn used(elapsed: Duration) -> i32 {
    let ns = nanos(elapsed);
    if ns > LONGEST_NS.load(Ordering::Relaxed) {
        LONGEST_NS.fetch_max(ns, Ordering::Relaxed);
    }
    percent(elapsed, budget())
}

fn percent(elapsed: Duration, budget: Duration) -> i32 {
    if elapsed >= budget {
        return 100;
    }
    // `budget` is above zero here, and the quotient below 100.
    (nanos(elapsed) * 100 / nanos(budget)) as i32
}

/// In 64 bits, as dividing 128 takes longer than reading the clock.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What the slices of this library have measured since it was loaded or since the last
/// [`reset_slice_stats`].
///
/// Calls that ended before their second checkpoint are not measured: reading a clock would have
/// cost more than they did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SliceStats {
    /// How many slices were used up, and so ended by a checkpoint.
    pub slices: u64,
    /// The longest slice, whether used up or not.
    pub longest: Duration,
}

/// Returns what the slices of this library have measured.
///
/// ```no_run
/// let stats = cantilever::slice_stats();
/// println!("{} slices, the longest {:?}", stats.slices, stats.longest);
/// ```
pub fn slice_stats() -> SliceStats {
    SliceStats {
        slices: SLICES.load(Ordering::Relaxed),
        longest: Duration::from_nanos(LONGEST_NS.load(Ordering::Relaxed)),
    }
}

/// Forgets what the slices of this library have measured.
///
/// ```
/// cantilever::reset_slice_stats();
/// assert_eq!(cantilever::slice_stats().slices, 0);
/// ```
pub fn reset_slice_stats() {
    SLICES.store(0, Ordering::Relaxed);
    LONGEST_NS.store(0, Ordering::Relaxed);
}

/// Lets the scheduler turn to other processes, if this call's slice is used up.
///
/// Put it between chunks of work of about a microsecond: it costs next to nothing while the
/// slice lasts, as it reads the clock only now and then. Outside of a Yielding call it does nothing.
///
/// ```no_run
/// #[cantilever::nif]
/// async fn count_zeros(bytes: Vec<u8>) -> u64 {
///     let mut zeros = 0;
///     for chunk in bytes.chunks(4096) {
///         zeros += chunk.iter().filter(|byte| **byte == 0).count() as u64;
///         cantilever::checkpoint().await;
///     }
///     zeros
/// }
/// ```
#[inline]
pub fn checkpoint() -> Checkpoint {
    Checkpoint { ended_slice: false }
}

/// The future of [`checkpoint`].
///
/// ```no_run
/// async fn twice() {
///     let first: cantilever::Checkpoint = cantilever::checkpoint();
///     first.await;
///     cantilever::checkpoint().await;
/// }
/// ```
#[derive(Debug)]
#[must_use = "a checkpoint does nothing until it is awaited"]
pub struct Checkpoint {
    ended_slice: bool,
}

impl Future for Checkpoint {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.ended_slice {
            return Poll::Ready(());
        }
        if ThreadState::with(|state| state.slice.pass()) {
            self.ended_slice = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll_once(future: impl Future<Output = ()>) -> Poll<()> {
        let mut future = std::pin::pin!(future);
        future
            .as_mut()
            .poll(&mut Context::from_waker(std::task::Waker::noop()))
    }

    #[test]
    fn a_checkpoint_outside_of_a_call_is_ready() {
        assert_eq!(poll_once(checkpoint()), Poll::Ready(()));
    }

    fn begin(start: Option<Instant>) {
        ThreadState::with(|state| state.slice.begin(start));
    }

    fn end() -> Option<i32> {
        ThreadState::with(|state| state.slice.end())
    }

    #[test]
    fn a_checkpoint_waits_once_the_slice_is_used_up_and_then_goes_on() {
        let long_ago = Instant::now() - Duration::from_secs(1);
        begin(Some(long_ago));
        let mut first = std::pin::pin!(checkpoint());
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert_eq!(first.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(
            poll_once(checkpoint()),
            Poll::Pending,
            "so does every other one"
        );
        assert_eq!(end(), Some(100));
        begin(None);
        assert_eq!(first.as_mut().poll(&mut context), Poll::Ready(()));
        assert_eq!(end(), None);
    }

    #[test]
    fn the_pace_of_a_slice_spares_the_next_one_looks_at_the_clock() {
        let slice = Slice::new();
        slice.resume(Instant::now() - Duration::from_secs(1), 8);
        assert_eq!((0..8).filter(|_| slice.pass()).count(), 1);
        assert_eq!(slice.pace(), 4);
        assert_eq!(slice.end(), Some(100));
        slice.resume(Instant::now(), u32::MAX);
        assert_eq!(slice.until_look.get(), MOST_UNLOOKED);
    }

    #[test]
    fn a_slice_ends_with_what_panics_in_it() {
        let slice = Slice::new();
        slice.begin(None);
        assert!(slice.is_active());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _end = slice.end_with();
            panic!("in a slice");
        }));
        assert!(panicked.is_err() && !slice.is_active());
    }

    #[test]
    fn the_interval_grows_slowly_and_ends_with_the_slice() {
        let us = Duration::from_micros;
        assert_eq!(next_interval(1, us(1), us(19)), 2);
        assert_eq!(next_interval(8, us(8), us(30)), 16);
        assert_eq!(next_interval(8, us(8), us(12)), 12);
        assert_eq!(next_interval(8, us(9), us(3)), 3);
        assert_eq!(next_interval(8, us(8), Duration::ZERO), 1);
        assert_eq!(next_interval(32, Duration::ZERO, us(20)), MOST_UNLOOKED);
    }

    #[test]
    fn used_time_is_a_share_of_the_slice() {
        let us = Duration::from_micros;
        assert_eq!(percent(us(5), us(20)), 25);
        assert_eq!(percent(us(30), us(20)), 100);
        assert_eq!(percent(Duration::ZERO, Duration::ZERO), 100);
    }
}
