//! Thumbnails: a JPEG, PNG or WebP picture in, a small WebP picture out.

mod container;
mod source;

use fast_image_resize::{ResizeOptions, Resizer};
use image::codecs::{jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder, webp::WebPEncoder};
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageFormat, Limits,
};

use crate::Cancelled;
use source::Source;

/// The most pixels that a picture may have, whatever its file's size: the largest cameras stay below.
pub(crate) const MAX_PIXELS: u64 = 120_000_000;
/// The longest side that a WebP picture can have.
pub(crate) const MAX_SIDE: u32 = 16_383;

/// What a decoder may allocate beside: enough for 16-bit pictures of half the pixels.
const MAX_DECODER_BYTES: u64 = 512 * 1024 * 1024;
/// Colour profiles of cameras and screens take 500 to 4000 bytes; larger ones are for printers.
const MAX_PROFILE_BYTES: usize = 16 * 1024;

/// Why there is no thumbnail.
#[derive(Debug, PartialEq, Eq, thiserror::Error, cantilever::NifError)]
pub(crate) enum ThumbnailError {
    #[error("{0}; JPEG, PNG and WebP can be read")]
    UnsupportedFormat(String),
    #[error("the picture cannot be read: {0}")]
    Malformed(String),
    #[error("the picture is too large: {0}")]
    TooManyPixels(String),
    #[error("max_side is {0}, but must be 1 to {MAX_SIDE}")]
    InvalidSize(u32),
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error("the thumbnail could not be written as WebP: {0}")]
    Encode(String),
}

/// The picture as WebP (lossless), upright, its longest side at most `max_side`, and never larger than it was.
/// `check` is asked between the steps, and for PNG and WebP during the decoding too, whether it is still wanted.
pub(crate) fn thumbnail(
    picture: &[u8],
    max_side: u32,
    check: &impl Fn() -> Result<(), Cancelled>,
) -> Result<Vec<u8>, ThumbnailError> {
    if !(1..=MAX_SIDE).contains(&max_side) {
        return Err(ThumbnailError::InvalidSize(max_side));
    }
    check()?;
    let (full, profile, orientation) = decode(picture, check)
        // Decoders tell every error of their source as a broken picture.
        .map_err(|error| check().map_or_else(ThumbnailError::from, |()| error))?;
    check()?;
    let mut small = shrink(full, max_side)?;
    small.apply_orientation(orientation);
    check()?;
    encode(small, profile)
}

type Decoded = (DynamicImage, Option<Vec<u8>>, image::metadata::Orientation);

fn decode(
    picture: &[u8],
    check: &impl Fn() -> Result<(), Cancelled>,
) -> Result<Decoded, ThumbnailError> {
    let mut decoder = open(picture, check)?;

    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(ThumbnailError::TooManyPixels(format!(
            "it has {width}x{height} pixels, more than {MAX_PIXELS}"
        )));
    }
    if width == 0 || height == 0 {
        return Err(ThumbnailError::Malformed(format!(
            "its size is {width}x{height}"
        )));
    }
    let mut limits = limits();
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;

    // A picture whose notes are damaged is shown without them.
    let profile = decoder
        .icc_profile()
        .ok()
        .flatten()
        .filter(|profile| is_rgb(profile));
    let orientation = decoder
        .orientation()
        .unwrap_or(image::metadata::Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder)?, profile, orientation))
}

fn open<'a>(
    picture: &'a [u8],
    check: &'a impl Fn() -> Result<(), Cancelled>,
) -> Result<Box<dyn ImageDecoder + 'a>, ThumbnailError> {
    let source = Source::new(picture, check);
    match image::guess_format(picture) {
        Ok(ImageFormat::Jpeg) => {
            container::check_jpeg(picture)?;
            Ok(Box::new(JpegDecoder::new(source)?))
        }
        Ok(ImageFormat::Png) => Ok(Box::new(PngDecoder::with_limits(source, limits())?)),
        Ok(ImageFormat::WebP) => {
            container::check_webp(picture)?;
            Ok(Box::new(WebPDecoder::new(source)?))
        }
        Ok(other) => {
            let name = other.extensions_str().first().unwrap_or(&"unknown");
            Err(ThumbnailError::UnsupportedFormat(format!(
                "this is a {name} file"
            )))
        }
        Err(_) if picture.is_empty() => Err(ThumbnailError::UnsupportedFormat(
            "this file is empty".to_owned(),
        )),
        Err(_) => Err(ThumbnailError::UnsupportedFormat(
            "this is no picture of a known format".to_owned(),
        )),
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    limits
}

// The profile of a printed or grey picture would be wrong for the pixels that its decoder makes of it.
fn is_rgb(profile: &[u8]) -> bool {
    profile.len() <= MAX_PROFILE_BYTES && profile.get(16..20) == Some(b"RGB ".as_slice())
}

fn shrink(full: DynamicImage, max_side: u32) -> Result<DynamicImage, ThumbnailError> {
    let (width, height) = scaled(full.width(), full.height(), max_side);
    if (width, height) == (full.width(), full.height()) {
        return Ok(full);
    }
    let mut small = DynamicImage::new(width, height, full.color());
    Resizer::new()
        .resize(&full, &mut small, &ResizeOptions::new())
        .map_err(|error| ThumbnailError::Malformed(error.to_string()))?;
    Ok(small)
}

fn scaled(width: u32, height: u32, max_side: u32) -> (u32, u32) {
    let longest = u64::from(width.max(height));
    if longest <= u64::from(max_side) {
        return (width, height);
    }
    let scale = |side: u32| {
        let side = (u64::from(side) * u64::from(max_side) + longest / 2) / longest;
        u32::try_from(side).unwrap_or(max_side).max(1)
    };
    (scale(width), scale(height))
}

fn encode(picture: DynamicImage, profile: Option<Vec<u8>>) -> Result<Vec<u8>, ThumbnailError> {
    let (width, height) = (picture.width(), picture.height());
    let (pixels, colour) = if picture.color().has_alpha() {
        (picture.into_rgba8().into_raw(), ExtendedColorType::Rgba8)
    } else {
        (picture.into_rgb8().into_raw(), ExtendedColorType::Rgb8)
    };
    let failed = |error: &dyn std::fmt::Display| ThumbnailError::Encode(error.to_string());
    let mut webp = Vec::new();
    let mut encoder = WebPEncoder::new_lossless(&mut webp);
    if let Some(profile) = profile {
        encoder
            .set_icc_profile(profile)
            .map_err(|error| failed(&error))?;
    }
    encoder
        .write_image(&pixels, width, height, colour)
        .map_err(|error| failed(&error))?;
    Ok(webp)
}

impl From<ImageError> for ThumbnailError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooManyPixels(format!(
                "decoding it takes more than {} MiB of memory",
                MAX_DECODER_BYTES / 1024 / 1024
            )),
            ImageError::Unsupported(error) => Self::UnsupportedFormat(error.to_string()),
            error => Self::Malformed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
