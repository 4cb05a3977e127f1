//! Decoding a document of JSON records.

use cantilever::SharedBinary;
use responsiveness_jobs::records::{self, Seen};
use rustler::{Atom, Binary, Env};

use crate::bytes::Bytes;

type Counts = Result<(u64, u64), String>;

/// The document that all of them decode.
#[rustler::nif(schedule = "DirtyCpu")]
fn document(bytes: usize) -> Bytes {
    Bytes(records::document(bytes))
}

#[rustler::nif]
fn decode_rustler_normal(document: Binary<'_>) -> Counts {
    counts(records::decode(&document))
}

#[rustler::nif(schedule = "DirtyCpu")]
fn decode_rustler_dirty(document: Binary<'_>) -> Counts {
    counts(records::decode(&document))
}

#[rustler::nif]
fn decode_rustler_thread(env: Env<'_>, document: Binary<'_>) -> Atom {
    crate::spawned::run_on(env, document, |document| counts(records::decode(document)))
}

#[cantilever::nif]
async fn decode_kit_yielding(document: SharedBinary) -> Counts {
    let mut seen = Seen::default();
    for line in records::lines(&document) {
        seen.line(line)?;
        cantilever::checkpoint().await;
    }
    counts(Ok(seen))
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn decode_kit_dirty(document: Binary<'_>) -> Counts {
    counts(records::decode(&document))
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn decode_kit_parallel(document: Binary<'_>) -> Counts {
    let document = document.as_slice();
    cantilever::parallel(|| counts(records::decode_parallel(document)))
}

fn counts(seen: Result<Seen, String>) -> Counts {
    seen.map(|seen| (seen.records, seen.checksum))
}
