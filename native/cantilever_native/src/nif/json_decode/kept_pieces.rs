//! Pieces that are kept from one document to the next.
//!
//! Who reads documents reads many of one kind, so that what a piece has learned of the keys of objects serves all of them:
//! a document of some kilobytes ends before it pays to learn them.

use std::sync::Mutex;

use super::pieces::CAPACITY;
use crate::json::decode::Piece;

/// How many are kept, for calls at the same time.
const MOST: usize = 8;

/// One that takes up more, as after long strings, is not kept; nor is one that was made for a short document.
const MOST_BYTES: usize = 256 * 1024;

static KEPT: Mutex<Vec<Piece>> = Mutex::new(Vec::new());

/// An empty one. Nobody waits for it: to make another one takes a microsecond.
pub(super) fn take() -> Piece {
    let kept = KEPT.try_lock().ok().and_then(|mut kept| kept.pop());
    kept.unwrap_or_else(|| Piece::with_capacity(CAPACITY))
}

/// Keeps a piece that is done with, if there is one.
pub(super) fn keep(piece: Option<Piece>) {
    if let Some(mut piece) = piece
        && (CAPACITY..=MOST_BYTES).contains(&piece.memory())
        && let Ok(mut kept) = KEPT.try_lock()
        && kept.len() < MOST
    {
        piece.restart();
        kept.push(piece);
    }
}
