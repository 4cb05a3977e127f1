//! What the BEAM calls: decode, call the plain function, encode.

use cantilever::{BigInt, Binary, CancelToken, OwnedBinary};

use crate::Cancelled;
use crate::fractal::{self, FractalError};
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
