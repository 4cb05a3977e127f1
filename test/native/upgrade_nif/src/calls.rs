//! Short calls and long ones.

use std::time::{Duration, Instant};

use cantilever::{CancelToken, Cancelled};

const VERSION: u32 = if cfg!(feature = "third") {
    3
} else if cfg!(feature = "second") {
    2
} else {
    1
};

/// Which build this is.
#[cantilever::nif]
fn version() -> u32 {
    VERSION
}

#[cfg(not(feature = "third"))]
#[cantilever::nif]
fn only_before() {}

#[cfg(feature = "third")]
#[cantilever::nif]
fn only_after() {}

/// Yields for so long; which build this is.
#[cantilever::nif]
async fn yield_for(ms: u64) -> u32 {
    let end = Instant::now() + Duration::from_millis(ms);
    while Instant::now() < end {
        cantilever::checkpoint().await;
    }
    VERSION
}

/// Works on a dirty scheduler for so long; which build this is.
#[cantilever::nif(schedule = "DirtyCpu")]
fn work_for(ms: u64, cancel: CancelToken) -> Result<u32, Cancelled> {
    let end = Instant::now() + Duration::from_millis(ms);
    while Instant::now() < end {
        cancel.check()?;
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(VERSION)
}

/// The sum of the squares below `n`, on the kit's pool.
#[cantilever::nif(schedule = "DirtyCpu")]
fn sum_parallel(n: u64) -> u64 {
    use cantilever::rayon::prelude::*;
    cantilever::parallel(|| (0..n).into_par_iter().map(|i| i * i).sum())
}
