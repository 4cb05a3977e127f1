//! A PNG picture in, a small picture as bare pixels out.

mod boxes;
mod picture;

use std::io::Cursor;

use boxes::{Boxes, Row};
pub use picture::picture;

/// Shrinks a picture row by row.
pub struct Shrinking<S: AsRef<[u8]>> {
    decoder: png::Reader<Cursor<S>>,
    boxes: Boxes,
    row: Row,
    small: Vec<u8>,
}

impl<S: AsRef<[u8]>> Shrinking<S> {
    /// Begins with a PNG picture, to be made `width` pixels wide: one of 8 bits a channel in red, green and blue.
    ///
    /// # Errors
    /// Says why the picture cannot be read.
    pub fn new(png: S, width: u32) -> Result<Self, String> {
        let decoder = png::Decoder::new(Cursor::new(png))
            .read_info()
            .map_err(explain)?;
        let info = decoder.info();
        if (info.color_type, info.bit_depth, info.interlaced)
            != (png::ColorType::Rgb, png::BitDepth::Eight, false)
        {
            return Err("only 8-bit RGB without interlacing can be shrunk".to_owned());
        }
        let boxes = Boxes::new((info.width, info.height), width)?;
        Ok(Shrinking {
            decoder,
            boxes,
            row: Row::new(&boxes),
            small: Vec::with_capacity(boxes.small_bytes()),
        })
    }

    /// Decodes one more row; false when there is none left.
    ///
    /// # Errors
    /// Says why the picture cannot be read.
    pub fn step(&mut self) -> Result<bool, String> {
        let Some(row) = self.decoder.next_row().map_err(explain)? else {
            return Ok(false);
        };
        if self.row.add(&self.boxes, row.data()) {
            self.row.finish(&self.boxes, &mut self.small);
        }
        Ok(true)
    }

    /// The pixels, three bytes each.
    pub fn into_pixels(self) -> Vec<u8> {
        self.small
    }
}

/// Shrinks a picture in one go.
///
/// # Errors
/// Says why the picture cannot be read.
pub fn shrink(png: &[u8], width: u32) -> Result<Vec<u8>, String> {
    let mut shrinking = Shrinking::new(png, width)?;
    while shrinking.step()? {}
    Ok(shrinking.into_pixels())
}

/// Shrinks a picture on the threads of the rayon pool that it is called in. Each row of a PNG picture needs the one
/// above, so that only the filter is shared out.
///
/// # Errors
/// Says why the picture cannot be read.
pub fn shrink_parallel(png: &[u8], width: u32) -> Result<Vec<u8>, String> {
    let Shrinking {
        mut decoder, boxes, ..
    } = Shrinking::new(png, width)?;
    let mut small = vec![0; boxes.small_bytes()];
    rayon::in_place_scope(|scope| {
        for (index, target) in small.chunks_mut(boxes.small_row_bytes()).enumerate() {
            let mut band = Vec::new();
            for _row in boxes.rows(index as u32) {
                match decoder.next_row().map_err(explain)? {
                    Some(row) => band.extend_from_slice(row.data()),
                    None => return Err("the picture ends early".to_owned()),
                }
            }
            let boxes = &boxes;
            scope.spawn(move |_| boxes.shrink_band(&band, target));
        }
        Ok(())
    })?;
    Ok(small)
}

fn explain(error: png::DecodingError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_of_shrinking_give_the_same_pixels() {
        let png = picture(700, 333).unwrap();
        let small = shrink(&png, 320).unwrap();
        assert_eq!(small.len(), 320 * 152 * 3);
        assert_eq!(shrink_parallel(&png, 320).unwrap(), small);
    }

    #[test]
    fn what_is_no_picture_is_an_error() {
        assert!(shrink(b"GIF89a", 320).is_err());
        let png = picture(400, 400).unwrap();
        assert!(shrink(&png[..png.len() / 2], 320).is_err());
        assert!(shrink_parallel(&png[..png.len() / 2], 320).is_err());
        assert!(shrink(&png, 401).unwrap_err().contains("401"));
    }
}
