//! Writing terms as JSON. The walk goes on across slices, and comes back to Elixir where a protocol is asked.

mod atoms;
mod calendar;
mod containers;
mod frame;
mod iodata;
mod options;
mod output;
mod pieces;
mod refusal;
mod stack;
mod stepping;
mod walk;
mod writer;

use cantilever::{Continue, Encoder, Handle, Term};

use options::Options;
use stepping::{Encoding, Paused};

/// Writes `term`. What it returns, and asks, is described in `Cantilever.Native`.
#[cantilever::nif]
fn json_encode(
    term: Term<'_>,
    flags: u32,
    max_depth: u64,
    pretty: Option<(String, String, String)>,
) -> Continue<'_, Encoding> {
    let options = Options::new(flags, max_depth, pretty);
    Continue::new(Encoding::new(options), term)
}

/// Goes on with what Elixir has answered, and with the terms that the encoding had kept.
#[cantilever::nif]
fn json_encode_go_on<'a>(
    paused: Handle<Paused>,
    kept: Term<'a>,
    answer: Term<'a>,
) -> Result<Continue<'a, Encoding>, &'static str> {
    match paused.take() {
        Some(encoding) => {
            let kept = (answer, kept).encode(answer.get_env());
            Ok(Continue::new(encoding.answered(paused), kept))
        }
        None => Err("the encoding has gone on already"),
    }
}
