//! Strings: copied eight to 32 bytes at a time where nothing in them needs an escape.
//!
//! Crates that do this (json-escape-simd, sonic-rs) bring a routine for each instruction set and choose at run time.
//! Most strings of JSON are shorter than one vector, where calling through that choice costs more than it saves; so
//! this is plain code, of which the compiler makes vectors where text is long, the same on every processor. What has
//! bytes beyond ASCII is validated by simdutf8, which does choose.

use super::Sink;

/// Which characters are escaped besides those that JSON cannot hold: `"`, `\` and control characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escape {
    /// None.
    #[default]
    Json,
    /// The line separators U+2028 and U+2029, which older JavaScript takes for ends of lines.
    JavaScript,
    /// Those, and `<`, `>`, `&` and `/`, for text that is put into a page.
    Html,
    /// Whatever is beyond ASCII.
    Unicode,
}

/// Text that is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidText {
    /// Where the first sequence begins that is not, in bytes.
    pub at: usize,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// A word of plain text.
const FILLED: u64 = ONES * 0x20;

/// Writes `text` with its escapes, without the quotes around it.
///
/// # Errors
/// Says where the text is not UTF-8; by then some of it was written.
#[inline]
pub fn write_escaped(out: &mut impl Sink, text: &[u8], escape: Escape) -> Result<(), InvalidText> {
    if escape == Escape::Json && write_short(out, text) {
        return Ok(());
    }
    write_any(out, text, escape)
}

fn write_any(out: &mut impl Sink, text: &[u8], escape: Escape) -> Result<(), InvalidText> {
    if escape != Escape::Json {
        return write_more_escaped(out, text, escape);
    }
    if write_json(out, text) {
        return Ok(());
    }
    valid(text).map(|_| ())
}

/// Writes text of at most 32 bytes that is ASCII and needs no escapes, as most keys are; whether it was that.
///
/// It is looked at in two words that overlap, so that there is neither a loop nor a word that has to be filled up.
#[inline(always)]
fn write_short(out: &mut impl Sink, text: &[u8]) -> bool {
    let is_plain = |word: u64| special_in(word) | (word & HIGHS) == 0;
    let length = text.len();
    if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        let (low, high) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
        if length > 16 {
            if length > 32 || !are_plain(text) {
                return false;
            }
            out.bytes(text);
            return true;
        }
        if !is_plain(low) || !is_plain(high) {
            return false;
        }
        out.prefix(first, 8);
        // Without the bytes that the first word has, of which there is one at least if it is not the same.
        let rest = high.unbounded_shr(8 * (16 - length as u32));
        out.prefix(&rest.to_le_bytes(), length - 8);
        return true;
    }
    let (seen, word) = match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            let (low, high) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            let (low, high) = (u64::from(low), u64::from(high));
            (low | high << 32, low | high << (8 * (length - 4)))
        }
        _ => {
            let [first, .., last] = text else {
                return match text {
                    [one] if is_plain(u64::from(*one) | FILLED << 8) => {
                        out.byte(*one);
                        true
                    }
                    _ => text.is_empty(),
                };
            };
            let middle = u64::from(text[length / 2]) << (8 * (length / 2));
            let word = u64::from(*first) | middle | u64::from(*last) << (8 * (length - 1));
            (word | FILLED << (8 * length), word)
        }
    };
    if !is_plain(seen) {
        return false;
    }
    out.prefix(&word.to_le_bytes(), length);
    true
}

/// Whether 16 to 32 bytes are ASCII and need no escapes.
#[inline(always)]
fn are_plain(text: &[u8]) -> bool {
    let (Some(first), Some(last)) = (text.first_chunk::<16>(), text.last_chunk::<16>()) else {
        return false;
    };
    (first.iter().zip(last)).fold(true, |plain, (first, last)| {
        plain & is_plain(*first) & is_plain(*last)
    })
}

#[inline(always)]
fn is_plain(byte: u8) -> bool {
    (0x20..0x80).contains(&byte) & (byte != b'"') & (byte != b'\\')
}

/// The text, if it is UTF-8.
fn valid(text: &[u8]) -> Result<&str, InvalidText> {
    simdutf8::basic::from_utf8(text).map_err(|_| InvalidText {
        at: std::str::from_utf8(text).map_or_else(|error| error.valid_up_to(), str::len),
    })
}

/// Escapes what JSON needs escaped; whether all of the text was ASCII.
#[inline(always)]
fn write_json(out: &mut impl Sink, text: &[u8]) -> bool {
    let mut beyond = 0;
    let mut rest = text;
    loop {
        let mut in_chunks = false;
        let copied = out.bytes_while(
            rest,
            |chunk| {
                let plain = !is_special(chunk);
                in_chunks |= plain && !chunk.is_ascii();
                plain
            },
            |word| {
                beyond |= word & HIGHS;
                special_in(word)
            },
        );
        beyond |= u64::from(in_chunks);
        match rest.get(copied..) {
            Some([special, after @ ..]) => {
                write_escape(out, *special);
                rest = after;
            }
            _ => return beyond == 0,
        }
    }
}

/// The high bit of each byte that needs an escape: exact up to the first one.
#[inline]
fn special_in(word: u64) -> u64 {
    let zero_in = |word: u64| word.wrapping_sub(ONES) & !word;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = zero_in(word ^ (ONES * u64::from(b'"')));
    let backslash = zero_in(word ^ (ONES * u64::from(b'\\')));
    (control | quote | backslash) & HIGHS
}

#[inline]
fn is_special(chunk: &[u8; 32]) -> bool {
    chunk.iter().fold(false, |special, byte| {
        special | (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\')
    })
}

/// Writes the escape of an ASCII character, if there is a short one, or as its number.
#[cold]
fn write_escape(out: &mut impl Sink, byte: u8) {
    let short = match byte {
        b'"' | b'\\' | b'/' => byte,
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        _ => return write_unit(out, u16::from(byte)),
    };
    out.prefix(&[b'\\', short], 2);
}

/// Writes a UTF-16 unit as an escape.
fn write_unit(out: &mut impl Sink, unit: u16) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |shift: u32| DIGITS[usize::from(unit >> shift & 0xf)];
    out.prefix(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)], 6);
}

fn write_more_escaped(out: &mut impl Sink, text: &[u8], escape: Escape) -> Result<(), InvalidText> {
    let mut rest = valid(text)?;
    while let Some((at, character)) = rest
        .char_indices()
        .find(|(_at, character)| needs_escape(*character, escape))
    {
        out.bytes(&rest.as_bytes()[..at]);
        if character.is_ascii() && !matches!(character, '<' | '>' | '&') {
            write_escape(out, character as u8);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                write_unit(out, *unit);
            }
        }
        rest = &rest[at + character.len_utf8()..];
    }
    out.bytes(rest.as_bytes());
    Ok(())
}

fn needs_escape(character: char, escape: Escape) -> bool {
    match character {
        '\0'..='\x1f' | '"' | '\\' => true,
        '<' | '>' | '&' | '/' => escape == Escape::Html,
        '\u{2028}' | '\u{2029}' => true,
        _ => escape == Escape::Unicode && !character.is_ascii(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(text: &[u8], escape: Escape) -> Result<String, InvalidText> {
        let mut out = Vec::new();
        write_escaped(&mut out, text, escape)?;
        Ok(String::from_utf8(out).unwrap())
    }

    /// One character at a time.
    fn model(text: &str, escape: Escape) -> String {
        text.chars()
            .map(|character| match character {
                '"' => "\\\"".to_owned(),
                '\\' => "\\\\".to_owned(),
                '\n' => "\\n".to_owned(),
                '\r' => "\\r".to_owned(),
                '\t' => "\\t".to_owned(),
                '\u{8}' => "\\b".to_owned(),
                '\u{c}' => "\\f".to_owned(),
                '/' if escape == Escape::Html => "\\/".to_owned(),
                '\0'..='\u{1f}' => format!("\\u{:04X}", character as u32),
                '<' | '>' | '&' if escape == Escape::Html => {
                    format!("\\u{:04X}", character as u32)
                }
                '\u{2028}' | '\u{2029}' if escape != Escape::Json => {
                    format!("\\u{:04X}", character as u32)
                }
                _ if escape == Escape::Unicode && !character.is_ascii() => character
                    .encode_utf16(&mut [0; 2])
                    .iter()
                    .map(|unit| format!("\\u{unit:04X}"))
                    .collect(),
                _ => character.to_string(),
            })
            .collect()
    }

    fn text() -> impl Strategy<Value = String> {
        let character = prop_oneof![
            8 => prop::char::range('a', 'z'),
            2 => prop::char::range('\0', '\u{7f}'),
            1 => prop::sample::select(vec!['"', '\\', '\u{2028}', '\u{2029}', '<', '/', '𝄞', 'é']),
            1 => any::<char>(),
        ];
        prop::collection::vec(character, 0..150).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn every_way_of_escaping_does_what_the_model_does(text in text()) {
            for escape in [Escape::Json, Escape::JavaScript, Escape::Html, Escape::Unicode] {
                prop_assert_eq!(escaped(text.as_bytes(), escape), Ok(model(&text, escape)));
            }
        }

        #[test]
        fn what_is_not_utf_8_is_refused_with_its_place(
            text in text(), garbage in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let bytes = [text.as_bytes(), &garbage].concat();
            let expected = std::str::from_utf8(&bytes).map_err(|error| error.valid_up_to());
            for escape in [Escape::Json, Escape::Unicode] {
                prop_assert_eq!(
                    escaped(&bytes, escape).map_err(|invalid| invalid.at),
                    expected.map(|text| model(text, escape))
                );
            }
        }
    }

    #[test]
    fn each_byte_is_found_at_each_place() {
        for length in 1..70 {
            for at in 0..length {
                for byte in 0..0x80 {
                    let mut text = vec![b'x'; length];
                    text[at] = byte;
                    let expected = model(std::str::from_utf8(&text).unwrap(), Escape::Json);
                    assert_eq!(escaped(&text, Escape::Json).unwrap(), expected);
                }
            }
        }
    }
}
