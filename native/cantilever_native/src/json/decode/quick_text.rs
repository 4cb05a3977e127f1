//! Strings without escapes, eight bytes at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHEST: u64 = 0x80 * ONES;

/// How long the string is that ends in the first quote of `text`; `None` if there are other bytes than those of UTF-8 before
/// it, an escape, or something that no string may have, or if there is no quote some bytes before the end.
#[inline]
pub(super) fn length(text: &[u8]) -> Option<usize> {
    let mut not_ascii = 0;
    let mut rest = text;
    while let Some((chunk, after)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*chunk);
        let ends = ends(word);
        if ends == 0 {
            not_ascii |= word;
            rest = after;
            continue;
        }
        let count = ends.trailing_zeros() / 8;
        if word >> (8 * count) & 0xFF != u64::from(b'"') {
            return None;
        }
        not_ascii |= word & !(u64::MAX << (8 * count));
        let length = text.len() - rest.len() + count as usize;
        let is_valid = not_ascii & HIGHEST == 0 || is_utf8(&text[..length]);
        return is_valid.then_some(length);
    }
    None
}

/// The highest bit of the first byte that is a quote, a backslash or a control character; bits after that mean nothing.
#[inline]
fn ends(word: u64) -> u64 {
    let quote = word ^ (u64::from(b'"') * ONES);
    let backslash = word ^ (u64::from(b'\\') * ONES);
    let quotes = quote.wrapping_sub(ONES) & !quote;
    let backslashes = backslash.wrapping_sub(ONES) & !backslash;
    let controls = word.wrapping_sub(0x20 * ONES) & !word;
    (quotes | backslashes | controls) & HIGHEST
}

#[inline(never)]
fn is_utf8(text: &[u8]) -> bool {
    simdutf8::basic::from_utf8(text).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expected(text: &[u8]) -> Option<usize> {
        let length = text
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        (text[length] == b'"' && std::str::from_utf8(&text[..length]).is_ok()).then_some(length)
    }

    #[test]
    fn each_byte_is_told_apart_from_those_that_end_a_string() {
        for byte in 0..=u8::MAX {
            for place in 0..9 {
                let mut text = *b"abcdefgh!\"\x01\\45678";
                text[place] = byte;
                assert_eq!(length(&text), expected(&text), "{byte} at {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_string_ends_at_its_quote(text in "[a !#\\[\\]~é€😀\"]{0,40}[\"\\\\\u{1}]?", cut in 0_usize..4) {
            let text = &text.as_bytes()[text.len().min(cut)..];
            let after = [text, b"        "].concat();
            prop_assert_eq!(length(&after), expected(text));
        }
    }
}
