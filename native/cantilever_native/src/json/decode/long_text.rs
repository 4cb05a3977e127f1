//! Where a string that is longer than a slice may be cut.

/// How long an escape is: `\uD83D`; those of surrogates come in pairs.
const LONGEST_ESCAPE: usize = 6;

/// How many bytes of `text`, which begins between two characters of a string that goes on after it, are whole characters.
///
/// All of them are, but for at most one at the end. What is no valid string may be cut anywhere.
pub(super) fn whole_characters(text: &[u8]) -> usize {
    let Some(escape) = last_escape(text) else {
        return text.len() - unfinished_utf8(text);
    };
    let upper_half = escape
        .checked_sub(LONGEST_ESCAPE)
        .filter(|start| escape_at(text, *start) && is_high_surrogate(text, *start));
    match escape_end(text, escape) {
        Some(end)
            if end == text.len() && upper_half.is_none() && is_high_surrogate(text, escape) =>
        {
            escape
        }
        Some(_) => text.len() - unfinished_utf8(text),
        None => upper_half.unwrap_or(escape),
    }
}

/// Whether `text`, which begins between two characters, ends with a quote that is not escaped.
pub(super) fn ends_with_quote(text: &[u8]) -> bool {
    let Some((b'"', before)) = text.split_last() else {
        return false;
    };
    !before
        .len()
        .checked_sub(1)
        .is_some_and(|last| escape_at(text, last))
}

/// Where the last escape begins, if it can reach to the end of `text`.
fn last_escape(text: &[u8]) -> Option<usize> {
    let near = text.len().saturating_sub(LONGEST_ESCAPE);
    let last = text[near..].iter().rposition(|byte| *byte == b'\\')? + near;
    // Or the backslash is the second half of an escaped one.
    Some(if escape_at(text, last) {
        last
    } else {
        last - 1
    })
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

/// Where the escape ends, if it does.
fn escape_end(text: &[u8], start: usize) -> Option<usize> {
    let length = match text.get(start + 1)? {
        b'u' => LONGEST_ESCAPE,
        _ => 2,
    };
    (start + length <= text.len()).then_some(start + length)
}

fn is_high_surrogate(text: &[u8], start: usize) -> bool {
    matches!(
        text.get(start..start + 4),
        Some([
            b'\\',
            b'u',
            b'd' | b'D',
            b'8'..=b'9' | b'a' | b'b' | b'A' | b'B'
        ])
    )
}

/// How many bytes at the end begin a character of UTF-8 that they do not complete.
fn unfinished_utf8(text: &[u8]) -> usize {
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
                b'\\' if is_high_surrogate(text, index) => 12,
                b'\\' => escape_end(text, index).unwrap() - index,
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
