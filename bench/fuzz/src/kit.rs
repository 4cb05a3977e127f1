//! The kit's parser: of a document as a whole, and of the same in chunks and steps, which must not matter.

use std::ops::Range;

use cantilever_native::json::decode::{
    Events, Flow, InPieces, Limits, Parser, Piece, Problem, Progress, Role, Scope, SyntaxError,
    TakePieces, Text, parse_integer,
};
use serde_json::Value;

const LIMITS: Limits = Limits {
    max_depth: usize::MAX,
};

/// Reads `text` in every way.
///
/// # Errors
/// Says what is wrong with it.
///
/// # Panics
/// If two ways do not agree.
pub(crate) fn decode(text: &[u8]) -> Result<(), String> {
    let whole = read(text, text.len(), usize::MAX);
    let seed = text.iter().fold(text.len(), |seed, byte| {
        seed.wrapping_mul(31) ^ usize::from(*byte)
    });
    for chunk in [1, 1 + seed % 64, 1 + seed % 5_000] {
        let in_chunks = read(text, chunk, 1 + seed % 700);
        assert!(
            in_chunks == whole,
            "in chunks of {chunk}: {in_chunks:?}, as a whole: {whole:?}"
        );
    }
    whole.map(drop).map_err(|error| error.to_string())
}

/// Where the pieces have been cut does not show in what they hold.
fn read(text: &[u8], chunk: usize, budget: usize) -> Result<Vec<Value>, SyntaxError> {
    let mut parser = Parser::new(Scope::Document, LIMITS);
    let mut pieces = InPieces {
        target: Values::default(),
        piece: &mut Piece::with_capacity(2_000),
    };
    let (mut start, mut end) = (0, chunk.min(text.len()));
    loop {
        let is_last = end == text.len();
        let (used, progress) = parser.run(&text[start..end], is_last, budget, &mut pieces)?;
        start += used;
        match progress {
            Progress::Done => break,
            Progress::More => {
                assert!(!is_last, "more is wanted after the end");
                end = text.len().min(end + chunk);
            }
            Progress::Pause | Progress::Busy | Progress::Element => {}
        }
        if budget < text.len() {
            pieces.flush();
        }
    }
    pieces.flush();
    Ok(pieces.target.stack)
}

impl TakePieces for Values {
    fn take_piece(&mut self, piece: &Piece, fillers: &[usize]) {
        assert!(
            piece.replay(fillers, self).is_some(),
            "a piece cannot be read"
        );
    }
}

/// Makes values of what it is told, in which the order of members does not show.
#[derive(Default)]
struct Values {
    stack: Vec<Value>,
    long: String,
}

impl Values {
    fn split_off(&mut self, count: usize) -> Vec<Value> {
        self.stack.split_off(self.stack.len() - count)
    }
}

impl Events for Values {
    fn null(&mut self) {
        self.stack.push(Value::Null);
    }

    fn boolean(&mut self, value: bool) {
        self.stack.push(value.into());
    }

    fn integer(&mut self, value: i64) {
        self.stack.push(value.into());
    }

    fn big_integer(&mut self, text: &str) -> Result<Flow, Problem> {
        self.stack.push(parse_integer(text).to_string().into());
        Ok(Flow::Wait)
    }

    fn float(&mut self, value: f64, _text: &[u8]) -> Result<Flow, Problem> {
        self.stack.push(value.into());
        Ok(Flow::Go)
    }

    fn text(
        &mut self,
        text: Text<'_>,
        _role: Role,
        _place: Option<Range<u64>>,
    ) -> Result<(), Problem> {
        self.stack.push(text.as_str().into());
        Ok(())
    }

    fn place_of_long_text(&mut self, _place: Range<u64>) {}

    fn long_text(&mut self, part: &str, _role: Role) {
        self.long.push_str(part);
    }

    fn end_of_long_text(&mut self, _role: Role, _place: Option<Range<u64>>) -> Result<(), Problem> {
        self.stack.push(std::mem::take(&mut self.long).into());
        Ok(())
    }

    fn open(&mut self) {}

    fn array(&mut self, count: usize) -> Flow {
        let elements = self.split_off(count);
        self.stack.push(elements.into());
        Flow::Go
    }

    fn object(&mut self, count: usize) -> Result<Flow, Problem> {
        let members = self.split_off(2 * count);
        let mut object = serde_json::Map::new();
        for [key, value] in members.as_chunks().0 {
            object.insert(key.as_str().unwrap_or_default().to_owned(), value.clone());
        }
        self.stack.push(object.into());
        Ok(Flow::Go)
    }
}
