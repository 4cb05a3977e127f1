//! For cargo-fuzz, which is guided by what of the decoder a text reaches:
//!
//! ```sh
//! cd bench/fuzz && cargo +nightly fuzz run --fuzz-dir . --features libfuzzer json -- -max_total_time=600
//! ```
//!
//! `CANTILEVER_FUZZ_SUBJECT` names the decoder.

#![no_main]

use std::sync::OnceLock;

use cantilever_fuzz::{Decode, check, subjects};

static SUBJECT: OnceLock<Decode> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let decode = *SUBJECT.get_or_init(|| {
        let name = std::env::var("CANTILEVER_FUZZ_SUBJECT");
        let name = name.as_deref().unwrap_or("serde_json");
        subjects::named(name).unwrap_or_else(|| panic!("no such subject: {name}"))
    });
    if let Some(finding) = check(decode, text) {
        panic!("{finding}");
    }
});
