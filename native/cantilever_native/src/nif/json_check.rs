//! Checking JSON that comes in chunks.

use cantilever::{Encoder, Env, Handle, SharedBinary, Term, checkpoint, rustler};

use super::json_decode::{BUDGET, Failure, PIECE};
use super::slot::Slot;
use crate::json::check::Checker;
use crate::json::decode::{Limits, Progress};

rustler::atoms! {
    ok,
    error,
    more,
    unavailable,
}

/// A checker at the start of a document.
#[cantilever::nif]
fn json_checker_new(max_depth: usize) -> Handle<Slot<Checker>> {
    let checker = Checker::new(Limits { max_depth });
    Handle::new(Slot::new(checker))
}

/// Feeds it the next chunk.
#[cantilever::nif]
async fn json_checker_feed(
    checker: Handle<Slot<Checker>>,
    chunk: SharedBinary,
    is_last: bool,
) -> Checked {
    let Some(mut taken) = checker.take() else {
        return Checked::Unavailable;
    };
    let mut pieces = chunk.chunks(PIECE).peekable();
    loop {
        taken.push(pieces.next().unwrap_or_default());
        let is_end = pieces.peek().is_none();
        loop {
            match taken.read_on(is_last && is_end, BUDGET) {
                Ok(Progress::Done) => return Checked::Complete,
                Ok(Progress::More) => break,
                Ok(_) => checkpoint().await,
                Err(error) => {
                    let (input, start) = taken.input();
                    return Checked::Failure(Failure::new(&error, input, start));
                }
            }
        }
        if is_end {
            checker.put(taken);
            return Checked::More;
        }
    }
}

/// What is known after a chunk.
enum Checked {
    More,
    Complete,
    /// The document has ended, was wrong, or another process feeds the checker right now.
    Unavailable,
    Failure(Failure),
}

impl Encoder for Checked {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        match self {
            Checked::More => more().encode(env),
            Checked::Complete => ok().encode(env),
            Checked::Unavailable => (error(), unavailable()).encode(env),
            Checked::Failure(failure) => failure.encode(env),
        }
    }
}
