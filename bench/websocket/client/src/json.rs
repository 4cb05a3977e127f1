//! As much of JSON as finding a value needs: a value is found where it stands, and given as it is written.

use memchr::memchr2;

/// The values of an array of so many.
pub(crate) fn array<const N: usize>(text: &[u8]) -> Option<[&[u8]; N]> {
    let mut values = [&text[..0]; N];
    let mut at = expect(text, 0, b'[')?;
    for (index, place) in values.iter_mut().enumerate() {
        if index > 0 {
            at = expect(text, at, b',')?;
        }
        let begin = skip_space(text, at);
        at = value_end(text, begin)?;
        *place = &text[begin..at];
    }
    at = expect(text, at, b']')?;
    (skip_space(text, at) == text.len()).then_some(values)
}

/// The value of a key of an object. The key must have nothing to escape.
pub(crate) fn field<'a>(object: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let mut at = expect(object, 0, b'{')?;
    loop {
        let begin = skip_space(object, at);
        if object.get(begin) != Some(&b'"') {
            return None;
        }
        at = value_end(object, begin)?;
        let found = string(&object[begin..at]) == Some(key.as_bytes());
        at = expect(object, at, b':')?;
        let begin = skip_space(object, at);
        at = value_end(object, begin)?;
        if found {
            return Some(&object[begin..at]);
        }
        at = expect(object, at, b',')?;
    }
}

/// What is between the quotes of a string, escaped as it was.
pub(crate) fn string(value: &[u8]) -> Option<&[u8]> {
    match value {
        [b'"', inner @ .., b'"'] => Some(inner),
        _ => None,
    }
}

/// A number without sign, point and exponent.
pub(crate) fn integer(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0u64, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number.checked_mul(10)?.checked_add(u64::from(byte - b'0')))?
    })
}

fn expect(text: &[u8], at: usize, byte: u8) -> Option<usize> {
    let at = skip_space(text, at);
    (text.get(at) == Some(&byte)).then_some(at + 1)
}

fn skip_space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// Where the value ends that begins at `at`.
fn value_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' => string_end(text, at),
        b'{' | b'[' => nested_end(text, at),
        _ => {
            let length = text[at..]
                .iter()
                .take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte))
                .count();
            (length > 0).then_some(at + length)
        }
    }
}

fn string_end(text: &[u8], begin: usize) -> Option<usize> {
    let mut at = begin + 1;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn nested_end(text: &[u8], begin: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = begin;
    loop {
        match text.get(at)? {
            b'"' => {
                at = string_end(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_an_array_are_found_whatever_they_are() {
        let text = br#" [null , "a,\"]\\", {"b":["]",{}]}, [], -1.5e+3 ] "#;
        let values = array::<5>(text).expect("an array of five");
        let written = values.map(|value| String::from_utf8_lossy(value).into_owned());
        assert_eq!(
            written,
            ["null", r#""a,\"]\\""#, r#"{"b":["]",{}]}"#, "[]", "-1.5e+3"]
        );
    }

    #[test]
    fn what_is_no_array_of_so_many_is_none() {
        for text in [
            &b""[..],
            b"[",
            b"[]",
            b"[1]",
            b"[1,2,3]",
            b"[1,2",
            b"[1,2] 3",
            b"[1,\"2]",
            b"[1,{]",
            b"[1,]",
            b"{}",
        ] {
            assert_eq!(array::<2>(text), None, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn a_field_is_found_by_its_key_at_the_first_level_alone() {
        let object =
            br#"{"x": {"seq": 1}, "seq\"": 2, "text": "\"seq\":3", "seq" : 4, "last":null}"#;
        assert_eq!(field(object, "seq"), Some(&b"4"[..]));
        assert_eq!(field(object, "last"), Some(&b"null"[..]));
        assert_eq!(field(object, "none"), None);
        assert_eq!(field(b"{}", "none"), None);
        assert_eq!(field(b"[]", "none"), None);
    }

    #[test]
    fn integers_are_read_and_nothing_else() {
        assert_eq!(integer(b"18446744073709551615"), Some(u64::MAX));
        for text in [&b""[..], b"18446744073709551616", b"-1", b"1.0", b"null"] {
            assert_eq!(integer(text), None);
        }
    }
}
