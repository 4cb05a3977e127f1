//! Work of every mode for callers that are killed at any moment, and a count of what that leaves alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use cantilever::rayon::prelude::*;
use cantilever::{Binary, CancelToken, Cancelled, Handle, SharedBinary};

use crate::parking::{Slot, Taken};

static LIVE: AtomicI64 = AtomicI64::new(0);

/// Counts for as long as it lives: every future, handle, thread and dirty call below holds one.
struct Live;

impl Live {
    fn new() -> Self {
        LIVE.fetch_add(1, Ordering::SeqCst);
        Live
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A binary that lives as long as what holds it.
pub(crate) struct Kept {
    bytes: SharedBinary,
    _live: Live,
}

impl Kept {
    pub(crate) fn sum(&self) -> u64 {
        sum(&self.bytes)
    }

    pub(crate) fn new(bytes: SharedBinary) -> Self {
        Kept {
            bytes,
            _live: Live::new(),
        }
    }
}

fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte)).sum()
}

fn until_cancelled(cancel: &CancelToken) -> Result<u64, Cancelled> {
    loop {
        cancel.check()?;
        std::hint::spin_loop();
    }
}

/// How many objects of this file are alive.
#[cantilever::nif]
fn live() -> i64 {
    LIVE.load(Ordering::SeqCst)
}

#[cantilever::nif]
fn live_handle(bytes: SharedBinary) -> Handle<Kept> {
    Handle::new(Kept::new(bytes))
}

#[cantilever::nif]
fn live_handle_sum(handle: Handle<Kept>) -> u64 {
    sum(&handle.bytes)
}

/// The only one that ends: some 10 µs for 100 kB.
#[cantilever::nif]
fn sum_normal(bytes: SharedBinary) -> u64 {
    sum(&Kept::new(bytes).bytes)
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn endless_dirty_cpu(bytes: Binary<'_>, cancel: CancelToken) -> Result<u64, Cancelled> {
    let _live = Live::new();
    until_cancelled(&cancel).map(|zero| zero + sum(&bytes))
}

#[cantilever::nif(schedule = "DirtyIo")]
fn endless_dirty_io(bytes: SharedBinary, cancel: CancelToken) -> Result<u64, Cancelled> {
    let kept = Kept::new(bytes);
    until_cancelled(&cancel).map(|zero| zero + sum(&kept.bytes))
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn endless_parallel(bytes: SharedBinary, cancel: CancelToken) -> Result<u64, Cancelled> {
    let kept = Kept::new(bytes);
    cantilever::parallel(|| {
        (0..u64::MAX)
            .into_par_iter()
            .try_for_each_init(Live::new, |_live, _| cancel.check())
            .map(|()| sum(&kept.bytes))
    })
}

#[cantilever::nif]
async fn endless_yielding(bytes: SharedBinary) -> u64 {
    let kept = Kept::new(bytes);
    let mut total = 0_u64;
    loop {
        for chunk in kept.bytes.chunks(4096) {
            total = total.wrapping_add(sum(chunk));
            cantilever::checkpoint().await;
        }
        cantilever::checkpoint().await;
    }
}

/// Waits for a slot that stays empty, which keeps a waker of the call.
#[cantilever::nif]
async fn endless_parked(slot: Handle<Arc<Slot>>, bytes: SharedBinary) -> u64 {
    let kept = Kept::new(bytes);
    let taken = Taken(Arc::clone(&slot)).await;
    sum(&kept.bytes).wrapping_add_signed(taken)
}

/// Hands its binary to a thread, which ends when the caller dies.
#[cantilever::nif]
async fn endless_with_thread(bytes: SharedBinary, cancel: CancelToken) -> bool {
    let _live = Live::new();
    let kept = Kept::new(bytes);
    std::thread::spawn(move || {
        while !cancel.is_cancelled() && !kept.bytes.is_empty() {
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
    });
    loop {
        cantilever::checkpoint().await;
    }
}
