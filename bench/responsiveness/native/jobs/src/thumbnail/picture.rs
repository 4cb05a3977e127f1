//! Making a picture: the same bytes in every run.

use crate::random::Random;

/// A PNG picture of soft colours with some noise, as a camera's would have.
///
/// # Errors
/// Says why it cannot be written, such as for a side of no length.
pub fn picture(width: u32, height: u32) -> Result<Vec<u8>, String> {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_filter(png::Filter::Adaptive);
    let mut writer = encoder.write_header().map_err(explain)?;
    writer
        .write_image_data(&pixels(width, height))
        .map_err(explain)?;
    writer.finish().map_err(explain)?;
    Ok(png)
}

fn pixels(width: u32, height: u32) -> Vec<u8> {
    let mut random = Random::new(7);
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            let noise = random.below(8) as u32;
            let wave = (x / 3 + y / 5) % 512;
            let soft = if wave < 256 { wave } else { 511 - wave };
            for value in [soft, y * 200 / height, x * 200 / width] {
                pixels.push((value + noise).min(255) as u8);
            }
        }
    }
    pixels
}

fn explain(error: png::EncodingError) -> String {
    error.to_string()
}
