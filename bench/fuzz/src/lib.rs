//! Holds JSON decoders against serde_json, over documents that are broken in every way.
//!
//! [`check`] is the law. It is asked by `src/main.rs`, which mutates documents and runs anywhere, and
//! by `targets/json.rs`, which is for cargo-fuzz and so guided by coverage.

#![forbid(unsafe_code)]

mod kit;
pub mod mutate;
pub mod random;
mod reference;
pub mod shrink;
pub mod subjects;

use std::panic::catch_unwind;

/// A decoder: whether it takes a text, and if not, why.
pub type Decode = fn(&[u8]) -> Result<(), String>;

/// Says what is wrong with the decoder's answer to a text, if anything is.
///
/// It must not panic, and must take what serde_json takes and nothing else. Documents that are nested
/// deeper than a thousand levels it may refuse.
pub fn check(decode: Decode, text: &[u8]) -> Option<String> {
    let Ok(answer) = catch_unwind(|| decode(text)) else {
        return Some("it panicked".to_owned());
    };
    match (answer, reference::judge(text)?) {
        (Ok(()), Err(reason)) => Some(format!("it takes what serde_json refuses: {reason}")),
        (Err(reason), Ok(())) => Some(format!("it refuses what serde_json takes: {reason}")),
        _agreed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_decoder_that_agrees_has_no_finding() {
        let strict = super::subjects::named("serde_json").unwrap();
        for text in ["[1]", "[1,]", "", "\"\\ud800\"", "1e400", "[1e5]"] {
            assert_eq!(check(strict, text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn each_kind_of_finding_is_told() {
        assert!(check(|_| Ok(()), b"[1,]").unwrap().contains("refuses"));
        assert!(
            check(|_| Err("no".into()), b"[1]")
                .unwrap()
                .contains("takes: no")
        );
        assert_eq!(check(|_| panic!("no"), b"[1]").unwrap(), "it panicked");
    }

    #[test]
    fn what_is_nested_too_deeply_may_be_refused() {
        let deep = [b"[".repeat(5_000), b"]".repeat(5_000)].concat();
        assert_eq!(check(|_| Err("too deep".into()), &deep), None);
        assert_eq!(check(|_| Ok(()), &deep), None);
    }
}
