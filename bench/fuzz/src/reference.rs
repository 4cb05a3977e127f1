//! What serde_json makes of a text, with the differences that are wanted taken out.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// How deep a document may be nested to be judged: serde_json needs stack for each level.
pub(crate) const DEEPEST: usize = 1_000;

/// Whether the text is JSON. `None` where it is nested too deeply to tell.
pub(crate) fn judge(text: &[u8]) -> Option<Result<(), String>> {
    if depth(text) > DEEPEST {
        return None;
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    deserializer.disable_recursion_limit();
    let verdict = Judged::deserialize(&mut deserializer).and_then(|_| deserializer.end());
    Some(verdict.map_err(|error| error.to_string()))
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

/// Any value. With integers of any size, serde_json takes floats of any size as well, for which there is no term.
struct Judged;

/// How serde_json hands on a number as it is written.
const NUMBER: &str = "$serde_json::private::Number";

impl<'de> Deserialize<'de> for Judged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Judged)
    }
}

impl<'de> Visitor<'de> for Judged {
    type Value = Judged;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Judged, E> {
        Ok(Judged)
    }

    fn visit_bool<E>(self, _value: bool) -> Result<Judged, E> {
        Ok(Judged)
    }

    fn visit_i64<E>(self, _value: i64) -> Result<Judged, E> {
        Ok(Judged)
    }

    fn visit_u64<E>(self, _value: u64) -> Result<Judged, E> {
        Ok(Judged)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Judged, E> {
        if value.is_finite() {
            Ok(Judged)
        } else {
            Err(E::custom("a float is out of range"))
        }
    }

    fn visit_str<E>(self, _text: &str) -> Result<Judged, E> {
        Ok(Judged)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Judged, A::Error> {
        while elements.next_element::<Judged>()?.is_some() {}
        Ok(Judged)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Judged, A::Error> {
        while let Some(key) = members.next_key::<String>()? {
            if key != NUMBER {
                members.next_value::<Judged>()?;
                continue;
            }
            let number: String = members.next_value()?;
            let is_float = number.contains(['.', 'e', 'E']);
            if is_float && number.parse::<f64>().is_ok_and(f64::is_infinite) {
                return Err(A::Error::custom(format!("{number} is out of range")));
            }
        }
        Ok(Judged)
    }
}
