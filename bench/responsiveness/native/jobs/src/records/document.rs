//! Making a document: the same bytes in every run.

use serde_json::{Value, json};

use crate::random::Random;

const WORDS: [&str; 16] = [
    "beam", "span", "girder", "load", "truss", "anchor", "deck", "pier", "cable", "arch", "größe",
    "joint", "rivet", "naïve", "tower", "路",
];

/// Records of three kinds, one on each line, until there are `bytes` of them.
pub fn document(bytes: usize) -> Vec<u8> {
    let mut random = Random::new(42);
    let mut document = Vec::with_capacity(bytes + 1024);
    for id in 1_u64.. {
        if document.len() >= bytes {
            break;
        }
        let record = match random.below(3) {
            0 => order(id, &mut random),
            1 => event(id, &mut random),
            _ => message(id, &mut random),
        };
        document.extend_from_slice(record.to_string().as_bytes());
        document.push(b'\n');
    }
    document
}

fn order(id: u64, random: &mut Random) -> Value {
    let lines: Vec<Value> = (0..random.below(5))
        .map(|_| {
            json!({
                "item": word(random), "count": random.below(20), "price": amount(random), "gift": null,
            })
        })
        .collect();
    json!({
        "id": id, "kind": "order", "amount": amount(random), "paid": random.below(2) == 0,
        "lines": lines, "tags": tags(random),
        "origin": {"street": text(random, 3), "number": random.below(300), "floor": -1},
    })
}

fn event(id: u64, random: &mut Random) -> Value {
    json!({
        "id": id, "kind": "event", "at": random.below(2_000_000_000), "tags": tags(random),
        "position": [amount(random), -amount(random)], "level": 1.5e-3, "source": null, "paid": false,
    })
}

fn message(id: u64, random: &mut Random) -> Value {
    let words = 10 + random.below(60);
    json!({
        "id": id, "kind": "message", "note": format!("\"{}\"\n\t{}", word(random), text(random, words)),
        "tags": tags(random), "read": random.below(2) == 0,
    })
}

fn tags(random: &mut Random) -> Vec<&'static str> {
    (0..random.below(6)).map(|_| word(random)).collect()
}

fn text(random: &mut Random, words: u64) -> String {
    let words: Vec<&str> = (0..words).map(|_| word(random)).collect();
    words.join(" ")
}

fn word(random: &mut Random) -> &'static str {
    WORDS[random.below(WORDS.len() as u64) as usize]
}

/// Two digits behind the point, so that every decoder reads exactly the same number.
fn amount(random: &mut Random) -> f64 {
    random.below(100_000) as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_the_length_asked_for_and_is_always_the_same() {
        let made = document(10_000);
        assert!((10_000..12_000).contains(&made.len()));
        assert_eq!(made, document(10_000));
    }
}
