//! Numbers of any length, of which `jiter` reads some thousands of digits.

use super::{Events, Flow, MOST_DIGITS, Problem};

/// How many bytes at the start of `text` may belong to a number.
pub(super) fn length(text: &[u8]) -> usize {
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    text.iter()
        .position(|byte| !is_part(byte))
        .unwrap_or(text.len())
}

/// Where the number ends that `text` begins with, by the grammar of RFC 8259; or where it is wrong.
pub(super) fn end(text: &[u8]) -> Result<usize, usize> {
    let is_at =
        |index: usize, bytes: &[u8]| text.get(index).is_some_and(|byte| bytes.contains(byte));
    let digits = |start: usize| match text[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count()
    {
        0 => Err(start),
        count => Ok(start + count),
    };
    let start = usize::from(is_at(0, b"-"));
    let mut end = digits(start)?;
    if is_at(start, b"0") && end > start + 1 {
        return Err(start + 1);
    }
    if is_at(end, b".") {
        end = digits(end + 1)?;
    }
    if is_at(end, b"eE") {
        end = digits(end + 1 + usize::from(is_at(end + 1, b"+-")))?;
    }
    Ok(end)
}

/// Hands on the number that is written as `text`.
pub(super) fn take(bytes: &[u8], events: &mut impl Events) -> Result<Flow, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::InvalidNumber)?;
    if text.contains(['.', 'e', 'E']) {
        let value = text.parse().map_err(|_| Problem::InvalidNumber)?;
        return events.float(value, bytes);
    }
    if let Ok(value) = text.parse() {
        events.integer(value);
        return Ok(Flow::Go);
    }
    if text.trim_start_matches('-').len() > MOST_DIGITS {
        return Err(Problem::NumberTooLong);
    }
    events.big_integer(text)
}
