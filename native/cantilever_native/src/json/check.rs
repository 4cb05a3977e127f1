//! Reading JSON only to see whether it is right, in memory that does not grow with the document.

use std::ops::Range;

use super::decode::{
    Events, Flow, Limits, Parser, Problem, Progress, Role, Scope, SyntaxError, Text,
};

/// Reads a document that comes in chunks, and keeps nothing of it.
#[derive(Clone, Debug)]
pub struct Checker {
    parser: Parser,
    /// What has come and is not read. It begins where the parser stands.
    pending: Vec<u8>,
    read: usize,
}

impl Checker {
    /// One at the start of a document.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Checker {
            parser: Parser::new(Scope::Document, limits),
            pending: Vec::new(),
            read: 0,
        }
    }

    /// Takes in more of the document, of which what came before is read as far as it can be.
    pub fn push(&mut self, chunk: &[u8]) {
        self.pending.drain(..self.read);
        self.read = 0;
        self.pending.extend_from_slice(chunk);
    }

    /// Reads about `budget` bytes of what has come. `is_last` says that nothing will follow it.
    ///
    /// # Errors
    /// Says what is wrong with the document.
    pub fn read_on(&mut self, is_last: bool, budget: usize) -> Result<Progress, SyntaxError> {
        let rest = &self.pending[self.read..];
        let (read, progress) = self.parser.run(rest, is_last, budget, &mut Nothing)?;
        self.read += read;
        Ok(progress)
    }

    /// What has come last, and at which byte of the document it begins.
    #[must_use]
    pub fn input(&self) -> (&[u8], u64) {
        (&self.pending, self.parser.offset() - self.read as u64)
    }
}

/// Makes nothing of what is read, but refuses what nothing could be made of.
struct Nothing;

impl Events for Nothing {
    fn null(&mut self) {}

    fn boolean(&mut self, _value: bool) {}

    fn integer(&mut self, _value: i64) {}

    fn big_integer(&mut self, _text: &str) -> Result<Flow, Problem> {
        Ok(Flow::Go)
    }

    fn float(&mut self, value: f64, _text: &[u8]) -> Result<Flow, Problem> {
        if value.is_finite() {
            Ok(Flow::Go)
        } else {
            Err(Problem::FloatOutOfRange)
        }
    }

    fn text(&mut self, _: Text<'_>, _: Role, _: Option<Range<u64>>) -> Result<(), Problem> {
        Ok(())
    }

    fn place_of_long_text(&mut self, _place: Range<u64>) {}

    fn long_text(&mut self, _part: &str, _role: Role) {}

    fn end_of_long_text(&mut self, _: Role, _: Option<Range<u64>>) -> Result<(), Problem> {
        Ok(())
    }

    fn open(&mut self) {}

    fn array(&mut self, _count: usize) -> Flow {
        Flow::Go
    }

    fn object(&mut self, _count: usize) -> Result<Flow, Problem> {
        Ok(Flow::Go)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { max_depth: 100 };

    fn check(document: &[u8], chunk: usize, budget: usize) -> Result<(), (u64, String)> {
        let mut checker = Checker::new(LIMITS);
        let mut chunks = document.chunks(chunk).peekable();
        loop {
            let next = chunks.next().unwrap_or_default();
            checker.push(next);
            let (input, start) = checker.input();
            let at = usize::try_from(start).unwrap();
            assert_eq!(input, &document[at..at + input.len()]);
            let is_last = chunks.peek().is_none();
            loop {
                match checker.read_on(is_last, budget) {
                    Ok(Progress::Done) => return Ok(()),
                    Ok(Progress::More) => break,
                    Ok(_) => {}
                    Err(error) => return Err((error.offset, error.problem.to_string())),
                }
            }
        }
    }

    #[test]
    fn says_the_same_however_the_document_is_cut() {
        let long = format!(
            "[\"{}\", {}, 1.5e3]",
            "é\\n".repeat(70_000),
            "7".repeat(3_000)
        );
        let documents = [
            "1",
            " {\"a\": [1, 2.5, null, true, \"\\ud83d\\ude00\"]} ",
            &long,
            "",
            "[",
            "[1,]",
            "{\"a\" 1}",
            "[1e400]",
            "\"\\ud800\"",
            "01",
            "nul",
            "1 2",
            "\u{feff}1",
        ];
        for document in documents {
            let whole = check(document.as_bytes(), usize::MAX, usize::MAX);
            for chunk in [1, 2, 3, 1_000, 65_536] {
                if chunk > 3 || document.len() < 100 {
                    assert_eq!(check(document.as_bytes(), chunk, 1), whole, "{chunk}");
                }
            }
        }
    }

    #[test]
    fn finds_what_is_wrong() {
        assert_eq!(check(b"[1, 1e400]", 3, 1_024).unwrap_err().0, 4);
        assert_eq!(check(b"{\"a\" 1}", 3, 1_024).unwrap_err().0, 5);
        assert!(check("[".repeat(101).as_bytes(), 7, 1_024).is_err());
        assert!(check(b"[\"\xff\"]", 7, 1_024).is_err());
    }

    #[test]
    fn keeps_nothing_of_a_long_document() {
        let mut checker = Checker::new(LIMITS);
        checker.push(b"[\"");
        for _ in 0..1_000 {
            checker.push(&[b'a'; 10_000]);
            while checker.read_on(false, 1_024).unwrap() != Progress::More {}
            assert!(checker.pending.len() < 200_000);
        }
    }
}
