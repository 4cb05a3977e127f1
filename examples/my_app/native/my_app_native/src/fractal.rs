//! Pictures of the Mandelbrot set, computed row by row on all cores, as PNG.

mod view;

use rayon::prelude::*;

use crate::Cancelled;
use view::{Point, View};

/// The longest side that a picture may have.
pub(crate) const MAX_SIDE: u32 = 16_384;
/// The most pixels that a picture may have.
pub(crate) const MAX_PIXELS: u64 = 100_000_000;
/// The most steps that one point may take.
pub(crate) const MAX_ITERATIONS: u32 = 100_000;

/// About a millisecond of steps: how long a row goes on at most without looking whether it is still wanted.
const STEPS_PER_CHECK: u32 = 400_000;
/// Far beyond the radius 2 where a point is known to escape, which makes the colouring smooth.
const ESCAPE: f64 = 256.0 * 256.0;
const BYTES_PER_PIXEL: usize = 3;

/// Why there is no picture.
#[derive(Debug, PartialEq, Eq, thiserror::Error, cantilever::NifError)]
pub(crate) enum FractalError {
    #[error(
        "a picture of {0}x{1} cannot be made: each side must be 1 to {MAX_SIDE}, and there may be at most {MAX_PIXELS} pixels"
    )]
    InvalidSize(u32, u32),
    #[error("max_iterations is {0}, but must be 1 to {MAX_ITERATIONS}")]
    InvalidIterations(u32),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error("the picture could not be written as PNG: {0}")]
    Encode(String),
}

/// The picture as PNG. The more iterations it may take, the closer it looks: from the whole set at 100 down into
/// Seahorse Valley. `check` is asked about every millisecond, on each thread, whether the picture is still wanted.
pub(crate) fn render(
    width: u32,
    height: u32,
    max_iterations: u32,
    check: &(impl Fn() -> Result<(), Cancelled> + Sync),
) -> Result<Vec<u8>, FractalError> {
    let sides = 1..=MAX_SIDE;
    if !sides.contains(&width)
        || !sides.contains(&height)
        || u64::from(width) * u64::from(height) > MAX_PIXELS
    {
        return Err(FractalError::InvalidSize(width, height));
    }
    if !(1..=MAX_ITERATIONS).contains(&max_iterations) {
        return Err(FractalError::InvalidIterations(max_iterations));
    }

    let view = View::new(width, height, max_iterations);
    let row_bytes = width as usize * BYTES_PER_PIXEL;
    let mut pixels = vec![0; row_bytes * height as usize];
    pixels
        .par_chunks_exact_mut(row_bytes)
        .enumerate()
        .try_for_each(|(y, row)| render_row(&view, y, row, max_iterations, check))?;
    encode(width, height, &pixels, check)
}

fn render_row(
    view: &View,
    y: usize,
    row: &mut [u8],
    max_iterations: u32,
    check: &impl Fn() -> Result<(), Cancelled>,
) -> Result<(), Cancelled> {
    check()?;
    let mut steps = 0;
    for (x, pixel) in row.chunks_exact_mut(BYTES_PER_PIXEL).enumerate() {
        let (taken, smooth) = escape(view.point(x, y), max_iterations);
        pixel.copy_from_slice(&smooth.map_or([0, 0, 0], colour));
        steps += taken + 1;
        if steps >= STEPS_PER_CHECK {
            check()?;
            steps = 0;
        }
    }
    Ok(())
}

/// The steps taken, and for a point outside the set how many it took to leave, with a fraction.
fn escape(c: Point, max_iterations: u32) -> (u32, Option<f64>) {
    if c.is_surely_inside() {
        return (0, None);
    }
    let (mut re, mut im) = (0.0, 0.0);
    for step in 0..max_iterations {
        let (re2, im2) = (re * re, im * im);
        let norm2: f64 = re2 + im2;
        if norm2 > ESCAPE {
            // ln |z| grows twofold with each step, so its logarithm tells how far past the edge this step went.
            let fraction = (norm2.ln() / ESCAPE.ln()).log2();
            return (step, Some((f64::from(step) - fraction).max(0.0)));
        }
        im = 2.0 * re * im + c.im;
        re = re2 - im2 + c.re;
    }
    (max_iterations, None)
}

// Three cosines out of phase, over the logarithm: bands of like width whatever the depth.
fn colour(smooth: f64) -> [u8; 3] {
    let t = (smooth + 1.0).ln();
    [0.0, 0.6, 1.2].map(|phase| {
        let wave = 0.5 - 0.5 * (1.9 * t + phase).cos();
        (wave * 255.0).round() as u8
    })
}

fn encode(
    width: u32,
    height: u32,
    pixels: &[u8],
    check: &impl Fn() -> Result<(), Cancelled>,
) -> Result<Vec<u8>, FractalError> {
    use std::io::Write;

    let failed = |error: &dyn std::fmt::Display| FractalError::Encode(error.to_string());
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_deflate_compression(png::DeflateCompression::Level(1));
    encoder.set_filter(png::Filter::Up);
    let mut writer = encoder.write_header().map_err(|error| failed(&error))?;
    let mut stream = writer.stream_writer().map_err(|error| failed(&error))?;
    for row in pixels.chunks(width as usize * BYTES_PER_PIXEL) {
        check()?;
        stream.write_all(row).map_err(|error| failed(&error))?;
    }
    stream.finish().map_err(|error| failed(&error))?;
    writer.finish().map_err(|error| failed(&error))?;
    Ok(png)
}

#[cfg(test)]
mod tests;
