//! What the BEAM calls: decode, call the plain function, encode.

use std::time::Duration;

use cantilever::{BigInt, Binary, CancelToken, OwnedBinary};

use crate::Cancelled;
use crate::fractal::{self, FractalError};
use crate::hold;
use crate::intensive_calculation::{Sum, chunks};
use crate::thumbnail::{self, ThumbnailError};

#[cantilever::nif]
async fn intensive_calculation(n: u64) -> BigInt {
    let mut sum = Sum::default();
    for range in chunks(n) {
        sum.add_squares(range);
        cantilever::checkpoint().await;
    }
    sum.into()
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn intensive_calculation_dirty(n: u64, cancel: CancelToken) -> BigInt {
    let mut sum = Sum::default();
    for range in chunks(n) {
        // Nobody waits for the result any more.
        if cancel.check().is_err() {
            break;
        }
        sum.add_squares(range);
    }
    BigInt::from(sum)
}

// What not to do, for the page to show: it holds its scheduler all the time.
#[cantilever::nif]
fn hold_scheduler(ms: u64) -> u64 {
    hold::hold(Duration::from_millis(ms))
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn render_fractal(
    width: u32,
    height: u32,
    max_iterations: u32,
    cancel: CancelToken,
) -> Result<OwnedBinary, FractalError> {
    let check = || cancel.check().map_err(|_| Cancelled);
    let png = cantilever::parallel(|| fractal::render(width, height, max_iterations, &check))?;
    Ok(OwnedBinary::from_slice(&png))
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn thumbnail(
    picture: Binary,
    max_side: u32,
    cancel: CancelToken,
) -> Result<OwnedBinary, ThumbnailError> {
    let check = || cancel.check().map_err(|_| Cancelled);
    let webp = thumbnail::thumbnail(picture.as_slice(), max_side, &check)?;
    Ok(OwnedBinary::from_slice(&webp))
}

cantilever::init!("Elixir.MyApp.Native");
