//! The parser's states, and what each of them may find.

mod numbers;
mod texts;

use super::{Events, Expected, Flow, Found, Problem, Role, SyntaxError};
#[cfg(test)]
pub(super) use texts::LONG_TEXT;
use texts::LongText;

/// How many bytes a token may look ahead: a string that is longer is read in parts of this size, which takes some 20 µs.
const WINDOW: usize = 64 * 1024;

const SPACES: u64 = u64::from_le_bytes(*b"        ");

/// What the document may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many arrays and objects may be within each other.
    pub max_depth: usize,
}

/// What is read as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A document, and nothing after it.
    Document,
    /// An array whose elements are each taken for themselves: the parser stops after each.
    Elements,
}

/// Why the parser has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// As many bytes as it was to read at most are read.
    Pause,
    /// What an event asked for is to be done first.
    Busy,
    /// It needs more input than there is.
    More,
    /// An element is complete ([`Scope::Elements`]).
    Element,
    /// The document is complete.
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    Value,
    FirstElement,
    FirstKey,
    Key,
    Colon,
    AfterElement,
    AfterMember,
    LongText,
    LongNumber,
    End,
}

#[derive(Clone, Debug)]
struct Container {
    is_object: bool,
    count: usize,
}

/// Reads a document from input that is handed to it in pieces.
#[derive(Clone, Debug)]
pub struct Parser {
    state: State,
    containers: Vec<Container>,
    offset: u64,
    begin_of_element: u64,
    limits: Limits,
    scope: Scope,
    text: LongText,
    number: Vec<u8>,
    tape: Vec<u8>,
}

impl Parser {
    /// One at the start of a document.
    #[must_use]
    pub fn new(scope: Scope, limits: Limits) -> Self {
        Parser {
            state: State::Start,
            containers: Vec::new(),
            offset: 0,
            begin_of_element: 0,
            limits,
            scope,
            text: LongText {
                role: Role::Value,
                start: 0,
                escaped: false,
                scanned: None,
            },
            number: Vec::new(),
            tape: Vec::new(),
        }
    }

    /// How many bytes of the document are read.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the last value was a complete element ([`Scope::Elements`]).
    #[must_use]
    pub fn is_between_elements(&self) -> bool {
        self.scope == Scope::Elements
            && self.containers.len() == 1
            && self.state == State::AfterElement
    }

    /// Where the element that is read, or was read last, begins; 0 for a document.
    #[must_use]
    pub fn begin_of_element(&self) -> u64 {
        self.begin_of_element
    }

    /// Whether what was read last is what stands between elements ([`Scope::Elements`]), or begins a short one.
    #[must_use]
    pub fn is_outside_of_elements(&self) -> bool {
        self.scope == Scope::Elements
            && self.containers.len() <= 1
            && !matches!(self.state, State::LongText | State::LongNumber)
    }

    /// Goes back to the end of an element: the one that was complete at this byte.
    pub fn restart_after_element(&mut self, offset: u64) {
        self.containers.truncate(1);
        self.state = State::AfterElement;
        self.offset = offset;
    }

    /// Reads on: how many bytes of `input` are done with, and why it stopped.
    ///
    /// `input` goes on where the last one was done with. `is_last` says that nothing will follow it. It reads about
    /// `budget` bytes, or one token if that is longer.
    ///
    /// # Errors
    /// Says what is wrong with the document.
    pub fn run(
        &mut self,
        input: &[u8],
        is_last: bool,
        budget: usize,
        events: &mut impl Events,
    ) -> Result<(usize, Progress), SyntaxError> {
        let mut run = Run {
            input,
            is_last,
            index: 0,
            stop: budget.min(input.len()),
            state: self.state,
            fault: None,
            parser: self,
            events,
        };
        let stop = run.go();
        let (index, state, fault) = (run.index, run.state, run.fault);
        self.state = state;
        match (stop, fault) {
            (Stop::For(progress), _) => {
                self.offset += index as u64;
                Ok((index, progress))
            }
            (Stop::Fault, Some((index, problem))) => Err(SyntaxError {
                // A number that was collected has begun before the input.
                offset: self.offset.wrapping_add_signed(index as i64),
                problem,
            }),
            (Stop::Fault, None) => unreachable!("a fault is kept with its problem"),
        }
    }
}

/// Why a run does not go on. As small as can be, as every token passes it on.
#[derive(Clone, Copy, Debug)]
enum Stop {
    For(Progress),
    /// `Run::fault` has it.
    Fault,
}

type Step = Result<(), Stop>;

struct Run<'a, E> {
    input: &'a [u8],
    is_last: bool,
    index: usize,
    stop: usize,
    state: State,
    fault: Option<(usize, Problem)>,
    parser: &'a mut Parser,
    events: &'a mut E,
}

impl<E: Events> Run<'_, E> {
    fn go(&mut self) -> Stop {
        loop {
            let step = match self.state {
                State::LongText => self.long_text(),
                State::LongNumber => self.long_number(),
                _ => self.next_byte().and_then(|byte| self.token(byte)),
            };
            if let Err(stop) = step {
                return stop;
            }
        }
    }

    /// The next byte that is no white space.
    #[inline]
    fn next_byte(&mut self) -> Result<u8, Stop> {
        loop {
            match self.input.get(self.index) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.skip_space(),
                Some(byte) if self.index < self.stop => return Ok(*byte),
                Some(_) => return Err(Stop::For(Progress::Pause)),
                None => return Err(self.at_end()),
            }
            if self.index > self.stop {
                return Err(Stop::For(Progress::Pause));
            }
        }
    }

    /// Skips a byte of white space and the indentation after it.
    #[inline]
    fn skip_space(&mut self) {
        self.index += 1;
        while let Some(chunk) = self.input[self.index..].first_chunk() {
            let others = u64::from_le_bytes(*chunk) ^ SPACES;
            if others != 0 {
                self.index += others.trailing_zeros() as usize / 8;
                return;
            }
            self.index += 8;
            if self.index > self.stop {
                return;
            }
        }
    }

    #[cold]
    fn at_end(&mut self) -> Stop {
        if !self.is_last {
            Stop::For(Progress::More)
        } else if self.state == State::End {
            Stop::For(Progress::Done)
        } else {
            self.unexpected(self.index)
        }
    }

    #[inline]
    fn token(&mut self, byte: u8) -> Step {
        match self.state {
            State::Value => self.value(byte),
            State::AfterElement => match byte {
                b',' => self.pass(State::Value),
                b']' => self.close_array(),
                _ => Err(self.unexpected(self.index)),
            },
            State::AfterMember => match byte {
                b',' => self.pass(State::Key),
                b'}' => self.close_object(),
                _ => Err(self.unexpected(self.index)),
            },
            State::Key => match byte {
                b'"' => self.key(),
                _ => Err(self.unexpected(self.index)),
            },
            State::Colon => match byte {
                b':' => self.pass(State::Value),
                _ => Err(self.unexpected(self.index)),
            },
            State::FirstKey => match byte {
                b'"' => self.key(),
                b'}' => self.close_object(),
                _ => Err(self.unexpected(self.index)),
            },
            State::FirstElement => match byte {
                b']' => self.close_array(),
                _ => self.value(byte),
            },
            State::Start => self.start(byte),
            State::LongText | State::LongNumber | State::End => Err(self.unexpected(self.index)),
        }
    }

    #[cold]
    fn start(&mut self, byte: u8) -> Step {
        const MARK: &[u8] = b"\xEF\xBB\xBF";
        if byte == MARK[0] && self.parser.offset == 0 && self.index == 0 {
            let found = &self.input[..self.input.len().min(MARK.len())];
            if found == MARK {
                return Err(self.fault(0, Problem::ByteOrderMark));
            }
            if MARK.starts_with(found) && !self.is_last {
                return Err(Stop::For(Progress::More));
            }
        }
        if self.parser.scope == Scope::Elements && byte != b'[' {
            return Err(self.unexpected(self.index));
        }
        self.state = State::Value;
        self.value(byte)
    }

    #[inline]
    fn pass(&mut self, next: State) -> Step {
        self.index += 1;
        self.state = next;
        Ok(())
    }

    #[inline]
    fn value(&mut self, byte: u8) -> Step {
        if self.parser.scope == Scope::Elements && self.parser.containers.len() == 1 {
            self.parser.begin_of_element = self.parser.offset + self.index as u64;
        }
        match byte {
            b'"' => self.text(Role::Value),
            b'-' | b'0'..=b'9' => self.number(byte),
            b'{' => self.open(true, State::FirstKey),
            b'[' => self.open(false, State::FirstElement),
            b't' => self.literal(b"true", |events| events.boolean(true)),
            b'f' => self.literal(b"false", |events| events.boolean(false)),
            b'n' => self.literal(b"null", Events::null),
            _ => Err(self.unexpected(self.index)),
        }
    }

    fn literal(&mut self, word: &[u8], event: impl FnOnce(&mut E)) -> Step {
        let rest = &self.input[self.index..];
        if rest.starts_with(word) {
            event(self.events);
            self.index += word.len();
            return self.after_value(Flow::Go);
        }
        let same = word.iter().zip(rest).take_while(|(a, b)| a == b).count();
        if same == rest.len() && !self.is_last {
            return Err(Stop::For(Progress::More));
        }
        Err(self.unexpected(self.index + same))
    }

    #[inline]
    fn open(&mut self, is_object: bool, next: State) -> Step {
        if self.parser.containers.len() >= self.parser.limits.max_depth {
            return Err(self.fault(self.index, Problem::TooDeep));
        }
        if self.parser.scope == Scope::Document || !self.parser.containers.is_empty() {
            self.events.open();
        }
        self.parser.containers.push(Container {
            is_object,
            count: 0,
        });
        self.pass(next)
    }

    fn close_array(&mut self) -> Step {
        let count = self.close();
        if self.parser.scope == Scope::Elements && self.parser.containers.is_empty() {
            self.state = State::End;
            return Ok(());
        }
        let flow = self.events.array(count);
        self.after_value(flow)
    }

    fn close_object(&mut self) -> Step {
        let index = self.index;
        let count = self.close();
        let flow = self.events.object(count);
        match flow {
            Ok(flow) => self.after_value(flow),
            Err(problem) => Err(self.fault(index, problem)),
        }
    }

    fn close(&mut self) -> usize {
        self.index += 1;
        self.parser
            .containers
            .pop()
            .map_or(0, |closed| closed.count)
    }

    #[inline]
    fn after_value(&mut self, flow: Flow) -> Step {
        match self.parser.containers.last_mut() {
            Some(container) => {
                container.count += 1;
                self.state = if container.is_object {
                    State::AfterMember
                } else {
                    State::AfterElement
                };
            }
            None => self.state = State::End,
        }
        if flow == Flow::Wait {
            return Err(Stop::For(Progress::Busy));
        }
        if self.parser.scope == Scope::Elements && self.parser.containers.len() == 1 {
            return Err(Stop::For(Progress::Element));
        }
        Ok(())
    }

    #[cold]
    fn unexpected(&mut self, index: usize) -> Stop {
        let expected = self.expected();
        self.unexpected_instead_of(index, expected)
    }

    fn expected(&self) -> Expected {
        match self.state {
            State::Start if self.parser.scope == Scope::Elements => Expected::Array,
            State::Start | State::Value => Expected::Value,
            State::FirstElement => Expected::ValueOrEnd,
            State::FirstKey => Expected::KeyOrEnd,
            State::Key => Expected::Key,
            State::Colon => Expected::Colon,
            State::AfterElement => Expected::CommaOrBracket,
            State::AfterMember => Expected::CommaOrBrace,
            State::LongText => Expected::EndOfString,
            State::LongNumber => Expected::Digit,
            State::End => Expected::End,
        }
    }

    fn unexpected_instead_of(&mut self, index: usize, expected: Expected) -> Stop {
        let found = self
            .input
            .get(index)
            .map_or(Found::End, |byte| Found::Byte(*byte));
        self.fault(index, Problem::Unexpected { expected, found })
    }

    #[cold]
    fn fault(&mut self, index: usize, problem: Problem) -> Stop {
        self.fault = Some((index, problem));
        Stop::Fault
    }
}

/// What a token may look at.
#[inline]
fn window(rest: &[u8]) -> &[u8] {
    &rest[..rest.len().min(WINDOW)]
}
