//! A document of JSON records, one on each line: making one, and decoding it in full.

mod document;

use rayon::prelude::*;
use serde_json::Value;

pub use document::document;

/// How many bytes one piece of the parallel decoding has, about.
const PIECE: usize = 256 * 1024;

/// What was seen of a document. It takes fields from all depths, so that no decoder can leave one out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// How many records there were.
    pub records: u64,
    /// A sum over fields of each of them.
    pub checksum: u64,
}

impl Seen {
    /// Decodes one line and counts it.
    ///
    /// # Errors
    /// Says what is wrong with the line.
    pub fn line(&mut self, line: &[u8]) -> Result<(), String> {
        if line.is_empty() {
            return Ok(());
        }
        let record: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        self.records += 1;
        self.checksum += checksum(&record);
        Ok(())
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Seen) -> Seen {
        Seen {
            records: self.records + other.records,
            checksum: self.checksum + other.checksum,
        }
    }
}

/// Decodes a document in one go.
///
/// # Errors
/// Says what is wrong with the first line that is no record.
pub fn decode(document: &[u8]) -> Result<Seen, String> {
    let mut seen = Seen::default();
    for line in lines(document) {
        seen.line(line)?;
    }
    Ok(seen)
}

/// Decodes a document on the threads of the rayon pool that it is called in.
///
/// # Errors
/// Says what is wrong with one of the lines that are no records.
pub fn decode_parallel(document: &[u8]) -> Result<Seen, String> {
    pieces(document)
        .into_par_iter()
        .map(decode)
        .try_reduce(Seen::default, |one, other| Ok(one.and(other)))
}

/// The lines of a document, without their ends.
pub fn lines(document: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = document;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (line, next) = match memchr::memchr(b'\n', rest) {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, &rest[rest.len()..]),
        };
        rest = next;
        Some(line)
    })
}

fn pieces(document: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = document;
    while rest.len() > PIECE {
        let end = memchr::memchr(b'\n', &rest[PIECE..]).map_or(rest.len(), |at| PIECE + at + 1);
        let (piece, next) = rest.split_at(end);
        pieces.push(piece);
        rest = next;
    }
    pieces.push(rest);
    pieces
}

fn checksum(record: &Value) -> u64 {
    let text = |key| record[key].as_str().map_or(0, str::len) as u64;
    let count = |key| record[key].as_array().map_or(0, Vec::len) as u64;
    let amount = record["amount"].as_f64().unwrap_or_default();
    record["id"].as_u64().unwrap_or_default()
        + text("kind")
        + text("note")
        + count("tags")
        + count("lines")
        + u64::from(record["paid"] == true)
        + record["origin"]["street"].as_str().map_or(0, str::len) as u64
        + (amount * 100.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_of_decoding_see_the_same() {
        let document = document(1_000_000);
        let seen = decode(&document).unwrap();
        assert_eq!(seen.records, lines(&document).count() as u64);
        assert_eq!(decode_parallel(&document).unwrap(), seen);
        assert!(seen.checksum > 0);
    }

    #[test]
    fn the_checksum_takes_fields_from_all_depths() {
        let record = serde_json::json!({
            "id": 1000, "kind": "abc", "note": "é", "tags": ["a"], "lines": [1, 2], "paid": true,
            "origin": {"street": "12345"}, "amount": 2.05,
        });
        assert_eq!(checksum(&record), 1000 + 3 + 2 + 1 + 2 + 1 + 5 + 205);
        assert_eq!(checksum(&Value::Null), 0);
    }

    #[test]
    fn a_line_that_is_no_record_is_named() {
        assert!(decode(b"{}\n{\"a\": }\n").unwrap_err().contains("column 7"));
    }

    #[test]
    fn the_last_line_needs_no_end() {
        assert_eq!(lines(b"a\n\nb").collect::<Vec<_>>(), [&b"a"[..], b"", b"b"]);
    }
}
