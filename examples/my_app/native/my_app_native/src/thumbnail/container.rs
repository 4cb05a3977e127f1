//! Whether a file holds all that it announces: decoders fill what is missing with grey, or trust the numbers.

use super::ThumbnailError;

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;

/// Walks the markers of a JPEG file up to its end marker. Neither the length of the file nor its last bytes tell:
/// cameras append data, and embed previews that have an end marker of their own.
pub(super) fn check_jpeg(file: &[u8]) -> Result<(), ThumbnailError> {
    let mut at = 2;
    loop {
        let marker = next_marker(file, at).ok_or_else(truncated)?;
        let code = file[marker + 1];
        if code == END_OF_IMAGE {
            return Ok(());
        }
        let length = be16(file, marker + 2).ok_or_else(truncated)?;
        at = marker + 2 + length;
        if code == START_OF_SCAN {
            continue;
        }
        if at > file.len() {
            return Err(truncated());
        }
    }
}

/// Compares the length that a WebP file announces with what there is.
pub(super) fn check_webp(file: &[u8]) -> Result<(), ThumbnailError> {
    let announced = file
        .get(4..8)
        .and_then(|bytes| bytes.try_into().ok())
        .map(u32::from_le_bytes)
        .ok_or_else(truncated)?;
    // The padding byte of a last, odd chunk is often missing.
    if u64::from(announced) + 8 > file.len() as u64 + 1 {
        return Err(truncated());
    }
    Ok(())
}

// Within a scan 0xFF is data when 0x00 follows, a restart point when 0xD0 to 0xD7 does, and filling before 0xFF.
fn next_marker(file: &[u8], from: usize) -> Option<usize> {
    let rest = file.get(from..)?;
    rest.windows(2)
        .position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0x01 | 0xD0..=0xD8 | 0xFF))
        .map(|offset| from + offset)
}

fn be16(file: &[u8], at: usize) -> Option<usize> {
    let bytes = file.get(at..at + 2)?;
    Some(usize::from(u16::from_be_bytes([bytes[0], bytes[1]])))
}

fn truncated() -> ThumbnailError {
    ThumbnailError::Malformed("the file ends before the picture does".to_owned())
}
