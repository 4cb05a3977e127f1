//! The box filter: each small pixel is the mean of a rectangle of large ones, rounded down.

use std::ops::Range;

/// Red, green and blue.
const CHANNELS: usize = 3;

/// Which large pixels make which small one.
#[derive(Clone, Copy)]
pub(super) struct Boxes {
    large: (u32, u32),
    small: (u32, u32),
}

impl Boxes {
    pub(super) fn new(large: (u32, u32), width: u32) -> Result<Self, String> {
        if !(1..=large.0).contains(&width) || large.1 == 0 {
            return Err(format!(
                "a picture of {large:?} pixels cannot be made {width} wide"
            ));
        }
        let height = u64::from(large.1) * u64::from(width) / u64::from(large.0);
        let small = (width, u32::try_from(height).unwrap_or(u32::MAX).max(1));
        Ok(Boxes { large, small })
    }

    pub(super) fn small_row_bytes(&self) -> usize {
        self.small.0 as usize * CHANNELS
    }

    pub(super) fn small_bytes(&self) -> usize {
        self.small_row_bytes() * self.small.1 as usize
    }

    /// The rows that make the small row `index`.
    pub(super) fn rows(&self, index: u32) -> Range<u32> {
        part(self.large.1, self.small.1, index)
    }

    fn columns(&self, index: u32) -> Range<u32> {
        part(self.large.0, self.small.0, index)
    }

    /// Makes one small row of the rows that belong to it.
    pub(super) fn shrink_band(&self, band: &[u8], target: &mut [u8]) {
        let rows = band.chunks_exact(self.large.0 as usize * CHANNELS);
        let count = rows.len() as u32;
        let mut sums = vec![0; self.small_row_bytes()];
        for row in rows {
            self.add(&mut sums, row);
        }
        for (byte, mean) in target.iter_mut().zip(self.means(&sums, count)) {
            *byte = mean;
        }
    }

    fn add(&self, sums: &mut [u32], row: &[u8]) {
        for (index, sums) in sums.chunks_exact_mut(CHANNELS).enumerate() {
            let Range { start, end } = self.columns(index as u32);
            for pixel in
                row[start as usize * CHANNELS..end as usize * CHANNELS].chunks_exact(CHANNELS)
            {
                for (sum, value) in sums.iter_mut().zip(pixel) {
                    *sum += u32::from(*value);
                }
            }
        }
    }

    fn means(&self, sums: &[u32], rows: u32) -> impl Iterator<Item = u8> {
        sums.iter().enumerate().map(move |(index, sum)| {
            let columns = self.columns((index / CHANNELS) as u32).len() as u32;
            // The mean of bytes is one.
            (sum / (columns * rows)) as u8
        })
    }
}

/// The sums of a small row that is being made.
pub(super) struct Row {
    index: u32,
    added: u32,
    sums: Vec<u32>,
}

impl Row {
    pub(super) fn new(boxes: &Boxes) -> Self {
        Row {
            index: 0,
            added: 0,
            sums: vec![0; boxes.small_row_bytes()],
        }
    }

    /// Adds a large row; whether it was the last one of this small row.
    pub(super) fn add(&mut self, boxes: &Boxes, row: &[u8]) -> bool {
        boxes.add(&mut self.sums, row);
        self.added += 1;
        self.added == boxes.rows(self.index).len() as u32
    }

    /// Appends the small row to `small`, and begins the next one.
    pub(super) fn finish(&mut self, boxes: &Boxes, small: &mut Vec<u8>) {
        small.extend(boxes.means(&self.sums, self.added));
        self.sums.fill(0);
        self.added = 0;
        self.index += 1;
    }
}

fn part(large: u32, small: u32, index: u32) -> Range<u32> {
    let border = |index: u32| (u64::from(index) * u64::from(large) / u64::from(small)) as u32;
    border(index)..border(index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_cover_every_row_once() {
        for (large, small) in [(10, 3), (7, 7), (4000, 320), (333, 152)] {
            let mut next = 0;
            for index in 0..small {
                let part = part(large, small, index);
                assert_eq!(part.start, next);
                assert!(!part.is_empty());
                next = part.end;
            }
            assert_eq!(next, large);
        }
    }

    #[test]
    fn a_small_pixel_is_the_mean_of_its_box() {
        let boxes = Boxes::new((2, 2), 1).unwrap();
        let mut small = [0; 3];
        boxes.shrink_band(
            &[0, 10, 255, 2, 20, 255, 4, 30, 255, 7, 40, 255],
            &mut small,
        );
        assert_eq!(small, [3, 25, 255]);
    }
}
