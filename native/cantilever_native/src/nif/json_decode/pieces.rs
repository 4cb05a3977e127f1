//! Terms by way of pieces in the external term format.

use std::ops::Range;

use cantilever::{Encoder, Env, Term, TermBuilder};

use super::options::Options;
use super::terms::{Building, Terms};
use crate::json::decode::{Events, Flow, Parser, Piece, Problem, Progress, Role, SyntaxError};

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
    let mut pieces = Pieces { terms, piece };
    let (read, progress) = parser.run(input, is_last, budget, &mut pieces)?;
    if pieces.piece.len() >= FULL && progress != Progress::Done {
        pieces.flush();
    }
    Ok((read, progress))
}

/// Makes terms of what is in the piece.
pub(super) fn flush(builder: &mut TermBuilder<'_>, building: &mut Building, piece: &mut Piece) {
    let terms = Terms::new(builder, building);
    Pieces { terms, piece }.flush();
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
    piece: Piece,
    options: Options,
}

impl InOnePiece {
    pub(super) fn new(piece: Piece, options: Options) -> Self {
        InOnePiece { piece, options }
    }
}

impl Encoder for InOnePiece {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let mut builder = TermBuilder::new(env);
        if !push_only_value(&mut builder, &self.piece) {
            let mut building = Building::short(self.options, 0);
            replay(
                &self.piece,
                &[],
                &mut Terms::new(&mut builder, &mut building),
            );
        }
        builder.finish()
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

/// Takes in what the parser reads.
struct Pieces<'p, 'b, 'a> {
    terms: Terms<'b, 'a>,
    piece: &'p mut Piece,
}

impl Pieces<'_, '_, '_> {
    fn flush(&mut self) {
        if self.piece.is_empty() {
            return;
        }
        let fillers = self.piece.end();
        if !self
            .terms
            .builder
            .push_elements(self.piece.as_tuple(), &fillers)
        {
            replay(self.piece, &fillers, &mut self.terms);
        }
        self.piece.clear();
    }
}

impl Events for Pieces<'_, '_, '_> {
    #[inline]
    fn null(&mut self) {
        self.piece.atom("nil");
    }

    #[inline]
    fn boolean(&mut self, value: bool) {
        self.piece.atom(if value { "true" } else { "false" });
    }

    #[inline]
    fn integer(&mut self, value: i64) {
        self.piece.integer(value);
    }

    fn big_integer(&mut self, text: &str) -> Result<Flow, Problem> {
        self.flush();
        self.terms.big_integer(text)
    }

    #[inline]
    fn float(&mut self, value: f64, _text: &[u8]) -> Result<(), Problem> {
        if !value.is_finite() {
            return Err(Problem::FloatOutOfRange);
        }
        self.piece.float(value);
        Ok(())
    }

    #[inline]
    fn text(&mut self, text: &str, role: Role, place: Option<Range<u64>>) -> Result<(), Problem> {
        if role == Role::Key {
            self.piece.key(text.as_bytes());
            return Ok(());
        }
        if self.terms.building.refers(place.as_ref()) {
            self.flush();
            return self.terms.text(text, role, place);
        }
        self.piece.binary(text.as_bytes());
        Ok(())
    }

    fn place_of_long_text(&mut self, place: Range<u64>) {
        self.terms.place_of_long_text(place);
    }

    fn long_text(&mut self, part: &str, role: Role) {
        self.terms.long_text(part, role);
    }

    fn end_of_long_text(&mut self, role: Role, place: Option<Range<u64>>) -> Result<(), Problem> {
        self.flush();
        self.terms.end_of_long_text(role, place)
    }

    #[inline]
    fn open(&mut self) {
        self.piece.open();
    }

    #[inline]
    fn array(&mut self, count: usize) -> Flow {
        if self.piece.close_array() {
            return Flow::Go;
        }
        self.flush();
        self.terms.array(count)
    }

    #[inline]
    fn object(&mut self, count: usize) -> Result<Flow, Problem> {
        if self.piece.close_object() {
            return Ok(Flow::Go);
        }
        self.flush();
        self.terms.object(count)
    }
}
