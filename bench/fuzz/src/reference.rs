//! What serde_json makes of a text, with the differences that are wanted taken out.

use serde_json::error::Error;
use serde_json::{Deserializer, Value};

/// How deep a document may be nested to be judged: serde_json needs stack for each level.
pub(crate) const DEEPEST: usize = 1_000;

/// Whether the text is JSON. `None` where it is nested too deeply to tell.
pub(crate) fn judge(text: &[u8]) -> Option<Result<(), String>> {
    if depth(text) > DEEPEST {
        return None;
    }
    let verdict = parse(text).map_err(|error| error.to_string());
    Some(verdict.and_then(|value| finite(&value)))
}

fn parse(text: &[u8]) -> Result<Value, Error> {
    let mut deserializer = Deserializer::from_slice(text);
    deserializer.disable_recursion_limit();
    let value = serde::Deserialize::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

// At least as deep as the text is: brackets within strings count, too.
fn depth(text: &[u8]) -> usize {
    let mut now = 0_usize;
    let mut deepest = 0;
    for byte in text {
        match byte {
            b'[' | b'{' => now += 1,
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(now);
    }
    deepest
}

// With integers of any size, serde_json takes floats of any size as well, for which there is no term.
fn finite(value: &Value) -> Result<(), String> {
    match value {
        Value::Number(number) => {
            let text = number.as_str();
            let is_float = text.contains(['.', 'e', 'E']);
            if is_float && text.parse::<f64>().is_ok_and(f64::is_infinite) {
                return Err(format!("{text} is out of range"));
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(finite),
        Value::Object(members) => members.values().try_for_each(finite),
        _ => Ok(()),
    }
}
