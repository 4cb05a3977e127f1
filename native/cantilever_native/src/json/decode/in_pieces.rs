//! Events by way of pieces.

use std::ops::Range;

use super::{Events, Flow, Piece, Problem, Role, Text};

/// What takes pieces, besides what goes into none.
pub trait TakePieces: Events {
    /// Takes what the piece holds, which has [ended](Piece::end); `fillers` are the elements that are none.
    fn take_piece(&mut self, piece: &Piece, fillers: &[usize]);

    /// Sees a key that goes into a piece.
    #[inline]
    fn see_key(&mut self, _key: Text<'_>) {}

    /// Whether a string is not to go into a piece, which stands at `place` in the document.
    #[inline]
    fn wants_text(&self, _place: Option<&Range<u64>>) -> bool {
        false
    }
}

/// Puts what it is told into a piece, for as long as that is possible.
#[derive(Debug)]
pub struct InPieces<'p, T> {
    /// What the pieces are for.
    pub target: T,
    /// The one that is being filled.
    pub piece: &'p mut Piece,
}

impl<T: TakePieces> InPieces<'_, T> {
    /// Hands the piece on, and empties it.
    pub fn flush(&mut self) {
        if self.piece.is_empty() {
            return;
        }
        let fillers = self.piece.end();
        self.target.take_piece(self.piece, &fillers);
        self.piece.clear();
    }
}

impl<T: TakePieces> Events for InPieces<'_, T> {
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
        self.target.big_integer(text)
    }

    #[inline]
    fn float(&mut self, value: f64, _text: &[u8]) -> Result<Flow, Problem> {
        if !value.is_finite() {
            return Err(Problem::FloatOutOfRange);
        }
        self.piece.float(value);
        Ok(Flow::Go)
    }

    #[inline]
    fn known_key(&mut self, input: &[u8]) -> Option<usize> {
        self.piece.known_key(input)
    }

    #[inline]
    fn text(
        &mut self,
        text: Text<'_>,
        role: Role,
        place: Option<Range<u64>>,
    ) -> Result<(), Problem> {
        if role == Role::Key {
            self.target.see_key(text);
            self.piece.key(text, place.is_some());
        } else if self.target.wants_text(place.as_ref()) {
            self.flush();
            return self.target.text(text, role, place);
        } else {
            self.piece.binary(text);
        }
        Ok(())
    }

    fn place_of_long_text(&mut self, place: Range<u64>) {
        self.target.place_of_long_text(place);
    }

    fn long_text(&mut self, part: &str, role: Role) {
        self.target.long_text(part, role);
    }

    fn end_of_long_text(&mut self, role: Role, place: Option<Range<u64>>) -> Result<(), Problem> {
        self.flush();
        self.target.end_of_long_text(role, place)
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
        self.target.array(count)
    }

    #[inline]
    fn object(&mut self, count: usize) -> Result<Flow, Problem> {
        if self.piece.close_object() {
            return Ok(Flow::Go);
        }
        self.flush();
        self.target.object(count)
    }
}
