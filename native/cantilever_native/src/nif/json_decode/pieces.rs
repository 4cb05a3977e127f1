//! Terms by way of pieces in the external term format.

use std::ops::Range;

use cantilever::{Encoder, Env, Term, TermBuilder};

use super::kept_pieces;
use super::options::Options;
use super::terms::{Building, Terms};
use crate::json::decode::{InPieces, Parser, Piece, Progress, SyntaxError, TakePieces, Text};

/// A piece of so many bytes is made terms of, which takes some 10 to 20 µs.
const FULL: usize = 16 * 1024;

/// What a piece may have before it is seen to be full, but for long strings.
pub(super) const CAPACITY: usize = 2 * FULL;

/// Reads on, as [`Parser::run`] does.
#[inline]
pub(super) fn read_on(
    parser: &mut Parser,
    (input, is_last, budget): (&[u8], bool, usize),
    builder: &mut TermBuilder<'_>,
    building: &mut Building,
    piece: &mut Option<Piece>,
) -> Result<(usize, Progress), SyntaxError> {
    let mut terms = Terms::new(builder, building);
    let Some(piece) = piece else {
        return parser.run(input, is_last, budget, &mut terms);
    };
    let mut pieces = InPieces {
        target: terms,
        piece,
    };
    let (read, progress) = parser.run(input, is_last, budget, &mut pieces)?;
    if pieces.piece.len() >= FULL && progress != Progress::Done {
        pieces.flush();
    }
    Ok((read, progress))
}

/// Makes terms of what is in the piece.
pub(super) fn flush(builder: &mut TermBuilder<'_>, building: &mut Building, piece: &mut Piece) {
    let terms = Terms::new(builder, building);
    InPieces {
        target: terms,
        piece,
    }
    .flush();
}

/// Makes the term of a document that is in the piece whole, or in `builder` but for the last piece.
pub(super) fn finish(
    builder: &mut TermBuilder<'_>,
    building: &mut Building,
    piece: &mut Option<Piece>,
) {
    let Some(piece) = piece else {
        return;
    };
    if builder.is_empty() && push_only_value(builder, piece) {
        piece.clear();
    } else {
        flush(builder, building, piece);
    }
}

fn push_only_value(builder: &mut TermBuilder<'_>, piece: &Piece) -> bool {
    piece
        .only_value()
        .is_some_and(|value| builder.push_external(value))
}

/// A document that is in a piece whole: its term is made where the call returns it.
pub(super) struct InOnePiece {
    piece: Option<Piece>,
    options: Options,
}

impl InOnePiece {
    pub(super) fn new(piece: Piece, options: Options) -> Self {
        let piece = Some(piece);
        InOnePiece { piece, options }
    }
}

impl Encoder for InOnePiece {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let mut builder = TermBuilder::new(env);
        let Some(piece) = &self.piece else {
            panic!("the piece is taken when it is dropped");
        };
        if !push_only_value(&mut builder, piece) {
            let mut building = Building::short(self.options, 0);
            replay(piece, &[], &mut Terms::new(&mut builder, &mut building));
        }
        builder.finish()
    }
}

impl Drop for InOnePiece {
    fn drop(&mut self) {
        kept_pieces::keep(self.piece.take());
    }
}

/// Makes terms one by one, as the VM takes no map that has a key twice.
#[cold]
fn replay(piece: &Piece, fillers: &[usize], terms: &mut Terms<'_, '_>) {
    if terms
        .at_once(|terms| piece.replay(fillers, terms))
        .is_none()
    {
        panic!("a piece of JSON that is not in the external term format");
    }
}

impl TakePieces for Terms<'_, '_> {
    fn take_piece(&mut self, piece: &Piece, fillers: &[usize]) {
        if !self.builder.push_elements(piece.as_tuple(), fillers) {
            replay(piece, fillers, self);
        }
    }

    #[inline]
    fn see_key(&mut self, key: Text<'_>) {
        Terms::see_key(self, key);
    }

    #[inline]
    fn wants_text(&self, place: Option<&Range<u64>>) -> bool {
        self.building.refers(place)
    }
}
