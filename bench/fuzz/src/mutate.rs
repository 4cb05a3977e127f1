//! Documents with something wrong in them.

use crate::random::Random;

/// Longer documents only make a case slower: of these a part is taken.
const LONGEST: usize = 16_384;
const MOST_CHANGES: usize = 6;

/// Small documents, so that there is something to begin with and every corner of the grammar is near.
const SEEDS: [&str; 14] = [
    "",
    "null",
    " [ true , false , null ] ",
    r#"{"a":{"b":[1,-2,3.5e-7,{}],"":[]}}"#,
    r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#,
    "\"é漢😀\"",
    "[0,-0,0.0,1e5,1E+5,1.25e-300,123456789012345678901234567890]",
    "[1.7976931348623157e308,4.9e-324,2.2250738585072011e-308,9007199254740993]",
    "[18446744073709551615,18446744073709551616,-9223372036854775808,576460752303423488]",
    r#"[{"id":1,"name":"x"},{"id":2,"name":"y"},{"id":3,"name":"z"}]"#,
    r#"{"a":1,"a":2}"#,
    "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
    "\"0123456789012345678901234567890123456789012345678901234567890123456789\"",
    "\"012345678901234567890123456789\\n123456789012345678901234567890123\\\"\"",
];

/// What is put into documents: the ends of what is allowed, and what lies just beyond.
const PIECES: [&[u8]; 40] = [
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"-",
    b"+",
    b".",
    b"e",
    b"0",
    b" ",
    b"\n",
    b"\0",
    b"\\u",
    b"\\ud800",
    b"\\udc00",
    b"\\u0000",
    b"\\uD83D\\uDE00",
    b"\\x",
    b"00",
    b"-0",
    b"0.",
    b".5",
    b"1e400",
    b"1e-400",
    b"1E+",
    b"nul",
    b"true",
    b"NaN",
    b"\xEF\xBB\xBF",
    b"\xC0\x80",
    b"\xED\xA0\x80",
    b"\xF4\x90\x80\x80",
    b"\xE2\x82",
    b"\xFF",
    b"/**/",
    b"[[[[[[[[",
];

/// The documents to begin with: small ones, and those that are given.
pub fn bases(documents: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let seeds = SEEDS.iter().map(|seed| seed.as_bytes().to_vec());
    seeds.chain(documents).collect()
}

/// A document with some changes; in some cases with none, as those must be judged well, too.
pub fn mutated(bases: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut text = part(bases, random, LONGEST);
    for _ in 0..random.below(MOST_CHANGES + 1) {
        change(&mut text, bases, random);
    }
    text
}

fn part(bases: &[Vec<u8>], random: &mut Random, longest: usize) -> Vec<u8> {
    let base = random.one_of(bases).map_or(&[][..], Vec::as_slice);
    if base.len() <= longest {
        return base.to_vec();
    }
    let length = random.below(longest);
    let start = random.below(base.len() - length);
    base.iter().skip(start).take(length).copied().collect()
}

fn change(text: &mut Vec<u8>, bases: &[Vec<u8>], random: &mut Random) {
    let at = random.below(text.len() + 1);
    let end = (at + random.below(24)).min(text.len());
    match random.below(9) {
        0 => {
            if let Some(byte) = text.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => {
            text.drain(at..end);
        }
        2 => text.truncate(at),
        3 => {
            let copy = text.get(at..end).unwrap_or_default().to_vec();
            let to = random.below(text.len() + 1);
            text.splice(to..to, copy);
        }
        4 => {
            let other = part(bases, random, 256);
            text.splice(at..end, other);
        }
        5 => {
            let digits = b"0123456789".repeat(1 + random.below(40));
            text.splice(at..at, digits);
        }
        // A change within a value of its own leaves the document around it whole.
        6 => {
            let inner = std::mem::take(text);
            text.extend_from_slice(b"[");
            text.extend_from_slice(&inner);
            text.extend_from_slice(b"]");
        }
        7 => {
            if let Some(piece) = random.one_of(&PIECES) {
                text.splice(at..end, piece.iter().copied());
            }
        }
        _ => {
            if let Some(piece) = random.one_of(&PIECES) {
                text.splice(at..at, piece.iter().copied());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{bases, mutated};
    use crate::random::Random;

    #[test]
    fn a_case_is_the_same_each_time_and_another_is_another() {
        let bases = bases(vec![b"[1,2,3]".repeat(10_000)]);
        let case = |number| mutated(&bases, &mut Random::new(7, number));
        assert_eq!(case(1), case(1));
        assert!((2..50).any(|number| case(number) != case(1)));
    }

    #[test]
    fn some_cases_are_json_and_some_are_not() {
        let bases = bases(Vec::new());
        let valid = (0..2_000)
            .filter(|&number| {
                let text = mutated(&bases, &mut Random::new(1, number));
                serde_json::from_slice::<serde_json::Value>(&text).is_ok()
            })
            .count();
        assert!((200..1_800).contains(&valid), "{valid} of 2000");
    }
}
