//! The crates that are measured.
//!
//! Each decodes into what it offers for a document of unknown shape, which is dropped within the
//! measured time, as a term's garbage is collected within that of a process.

use std::hint::black_box;
use std::time::Duration;

use jiter::JsonValue;

use crate::ns_per_call;

/// A crate, what it does, and the nanoseconds of one call.
pub(crate) type Line = (&'static str, &'static str, u64);

/// What each crate takes for this text.
pub(crate) fn measure(text: &[u8], time: Duration) -> Result<Vec<Line>, String> {
    let serde_value: serde_json::Value =
        serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let sonic_value: sonic_rs::Value =
        sonic_rs::from_slice(text).map_err(|error| error.to_string())?;
    // It unescapes strings where they are, and so needs a copy each time, which counts: a binary may not be written to.
    let mut copy = Vec::with_capacity(text.len());

    Ok(vec![
        (
            "serde_json",
            "decode",
            ns_per_call(time, || {
                serde_json::from_slice::<serde_json::Value>(black_box(text)).map(drop_value)
            })?,
        ),
        (
            "simd-json-tape",
            "decode",
            ns_per_call(time, || {
                copy.clear();
                copy.extend_from_slice(black_box(text));
                simd_json::to_tape(&mut copy).map(drop_value)
            })?,
        ),
        (
            "sonic-rs",
            "decode",
            ns_per_call(time, || {
                sonic_rs::from_slice::<sonic_rs::Value>(black_box(text)).map(drop_value)
            })?,
        ),
        (
            "jiter",
            "decode",
            ns_per_call(time, || {
                JsonValue::parse(black_box(text), false).map(drop_value)
            })?,
        ),
        (
            "serde_json",
            "encode",
            ns_per_call(time, || {
                serde_json::to_vec(black_box(&serde_value)).map(drop_value)
            })?,
        ),
        (
            "sonic-rs",
            "encode",
            ns_per_call(time, || {
                sonic_rs::to_vec(black_box(&sonic_value)).map(drop_value)
            })?,
        ),
    ])
}

/// Without the detour the optimizer could leave out what nobody looks at.
fn drop_value<T>(value: T) {
    drop(black_box(value));
}
