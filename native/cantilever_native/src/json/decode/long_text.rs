//! Where a string that is longer than a slice may be cut.

/// How long an escape is: `\uD83D`, or a pair of them.
const ESCAPE: usize = 6;
const PAIR: usize = 2 * ESCAPE;

/// How many bytes of `text`, which begins between two characters of a string that goes on after it, are whole characters.
///
/// All of them are, but for at most one at the end. What is no character is none that could become one, so that it is met
/// by who reads on.
pub(super) fn whole_characters(text: &[u8]) -> usize {
    let end = text.len() - unfinished_utf8(text);
    let text = &text[..end];
    let mut index = end.saturating_sub(PAIR);
    while let Some(distance) = text[index..].iter().position(|byte| *byte == b'\\') {
        index += distance;
        if !escape_at(text, index) {
            // The second half of an escaped backslash.
            index += 1;
            continue;
        }
        match length_of_escape(&text[index..]) {
            Some(length) => index += length,
            None => return index,
        }
    }
    end
}

/// How long the escape is that `text` begins with, or `None` if it may go on after `text`.
fn length_of_escape(text: &[u8]) -> Option<usize> {
    if *text.get(1)? != b'u' {
        return Some(2);
    }
    let may_be_pair = is_high_surrogate(text)
        && b"\\u".starts_with(&text[ESCAPE.min(text.len())..PAIR.min(text.len()).min(ESCAPE + 2)]);
    let length = if may_be_pair { PAIR } else { ESCAPE };
    (length <= text.len()).then_some(length)
}

/// Whether the backslash there begins an escape: an even number of them stands before it.
fn escape_at(text: &[u8], index: usize) -> bool {
    let before = text[..index]
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count();
    text.get(index) == Some(&b'\\') && before % 2 == 0
}

fn is_high_surrogate(text: &[u8]) -> bool {
    matches!(
        text,
        [
            b'\\',
            b'u',
            b'd' | b'D',
            b'8'..=b'9' | b'a' | b'b' | b'A' | b'B',
            ..
        ]
    )
}

/// How many bytes at the end begin a character of UTF-8 that they do not complete.
pub(super) fn unfinished_utf8(text: &[u8]) -> usize {
    for (after, byte) in text.iter().rev().take(3).enumerate() {
        let length = match byte {
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xFF => 4,
            0x80..=0xBF => continue,
            _ => return 0,
        };
        return if after + 1 < length { after + 1 } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The ends of the characters of a valid string.
    fn ends(text: &[u8]) -> Vec<usize> {
        let mut ends = vec![0];
        let mut index = 0;
        while index < text.len() {
            index += match text[index] {
                b'\\' if is_high_surrogate(&text[index..]) => 12,
                b'\\' if text[index + 1] == b'u' => 6,
                b'\\' => 2,
                byte => match byte.leading_ones() {
                    0 => 1,
                    ones => ones as usize,
                },
            };
            ends.push(index);
        }
        ends
    }

    fn character() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "a",
            "u",
            "d",
            "8",
            "é",
            "€",
            "😀",
            r"\\",
            r"\n",
            r#"\""#,
            r"\u0041",
            r"\uD83D\uDE00",
            r"\ud83d\ude00",
            r"\uFFFF",
        ])
    }

    proptest! {
        #[test]
        fn a_string_is_cut_between_two_characters(characters in prop::collection::vec(character(), 0..40)) {
            let text = characters.concat().into_bytes();
            let ends = ends(&text);
            for length in 0..=text.len() {
                let expected = ends.iter().copied().filter(|end| *end <= length).max().unwrap();
                prop_assert_eq!(whole_characters(&text[..length]), expected);
            }
        }
    }
}
