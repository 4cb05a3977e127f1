//! The parser's states, and what each of them may find.

use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, NumberAny, NumberInt, Peek};

use memchr::{memchr, memchr2};

use super::long_text::{unfinished_utf8, whole_characters};
use super::{Events, Expected, Flow, Found, MOST_DIGITS, Problem, Role, SyntaxError, number};

/// How many bytes a token may look ahead: a string that is longer is read in parts of this size, which takes some 20 µs.
const WINDOW: usize = 64 * 1024;

/// A number that goes on after so many bytes of the input at hand is put together by itself.
const LONG_NUMBER: usize = 256;

/// A string that goes on after so many bytes of the input at hand is read in parts.
pub(super) const LONG_TEXT: usize = 1024;

/// How many bytes a number may be written in.
const LONGEST_NUMBER: usize = MOST_DIGITS + 1;

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

/// A text that is read in parts.
#[derive(Clone, Copy, Debug)]
struct LongText {
    role: Role,
    start: u64,
    escaped: bool,
    /// How far its end, or an escape, has been looked for.
    scanned: Option<usize>,
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
        while let Some(b"        ") = self.input[self.index..].first_chunk() {
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
                b'"' => self.text(Role::Key),
                _ => Err(self.unexpected(self.index)),
            },
            State::Colon => match byte {
                b':' => self.pass(State::Value),
                _ => Err(self.unexpected(self.index)),
            },
            State::FirstKey => match byte {
                b'"' => self.text(Role::Key),
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

    /// What a string is followed by.
    #[inline]
    fn after_text(&mut self, role: Role) -> Step {
        match role {
            Role::Value => self.after_value(Flow::Go),
            Role::Key => {
                if self.input.get(self.index) == Some(&b':') {
                    return self.pass(State::Value);
                }
                self.state = State::Colon;
                Ok(())
            }
        }
    }

    #[inline]
    fn text(&mut self, role: Role) -> Step {
        let start = self.parser.offset + self.index as u64 + 1;
        let window = window(&self.input[self.index..]);
        let mut jiter = Jiter::with_tape(window, std::mem::take(&mut self.parser.tape));
        let read = match jiter.known_str() {
            Ok(text) => {
                let is_as_written = window.as_ptr_range().contains(&text.as_ptr());
                let place = is_as_written.then(|| start..start + text.len() as u64);
                Ok(self.events.text(text, role, place))
            }
            Err(error) => Err(error),
        };
        let end = jiter.current_index();
        self.parser.tape = jiter.into_tape();
        match read {
            Ok(Ok(())) => {
                self.index += end;
                self.after_text(role)
            }
            Ok(Err(problem)) => Err(self.fault(self.index, problem)),
            Err(error) => self.unread_text(role, start, &error),
        }
    }

    #[cold]
    fn unread_text(&mut self, role: Role, start: u64, error: &JiterError) -> Step {
        let length = self.input.len() - self.index;
        if !is_unfinished(error) || (self.is_last && length <= WINDOW) {
            return Err(self.text_fault(error));
        }
        if length < LONG_TEXT {
            return Err(Stop::For(Progress::More));
        }
        self.state = State::LongText;
        self.parser.text = LongText {
            role,
            start,
            escaped: false,
            scanned: (self.is_last && role == Role::Value).then_some(0),
        };
        Ok(())
    }

    /// Reads a part of a long text. The first byte of the input is the one before the part.
    fn long_text(&mut self) -> Step {
        let text = self.parser.text;
        if let Some(scanned) = text.scanned {
            return Err(self.scan_long_text(text, scanned));
        }
        let window = window(&self.input[self.index..]);
        let Some((_, body)) = window.split_first() else {
            return Err(self.at_end());
        };
        let whole = whole_characters(body);
        if whole == 0 && self.is_last {
            return match self.part_of_text(window, false) {
                Ok((length, end)) => self.end_long_text(length, end),
                Err(error) => Err(self.text_fault(&error)),
            };
        }
        if whole == 0 {
            return Err(Stop::For(Progress::More));
        }
        let window = &window[..=whole];
        // Read as a part, a string that is closed within a character would lose that without a word.
        if memchr(b'"', &window[1..]).is_some() {
            match self.part_of_text(window, false) {
                Ok((length, end)) => return self.end_long_text(length, end),
                Err(error) if is_unfinished(&error) => {}
                Err(error) => return Err(self.text_fault(&error)),
            }
        }
        match self.part_of_text(window, true) {
            Ok((length, _)) => {
                // What follows does not go on with it, and `jiter` leaves it out.
                let unfinished = unfinished_utf8(&window[1..]);
                if unfinished > 0 {
                    return Err(
                        self.fault(self.index + 1 + whole - unfinished, Problem::InvalidUtf8)
                    );
                }
                self.index += whole;
                self.parser.text.escaped |= length != whole;
                Err(Stop::For(Progress::Pause))
            }
            Err(error) => Err(self.text_fault(&error)),
        }
    }

    /// Hands on the text that follows the first byte: how many bytes it has, and where it ends.
    fn part_of_text(
        &mut self,
        window: &[u8],
        may_go_on: bool,
    ) -> Result<(usize, usize), JiterError> {
        let mut jiter = Jiter::with_tape(window, std::mem::take(&mut self.parser.tape));
        if may_go_on {
            jiter = jiter.with_allow_partial_strings();
        }
        let length = jiter.known_str().map(|part| {
            self.events.long_text(part, self.parser.text.role);
            part.len()
        });
        let end = jiter.current_index();
        self.parser.tape = jiter.into_tape();
        length.map(|length| (length, end))
    }

    fn end_long_text(&mut self, length: usize, end: usize) -> Step {
        let text = self.parser.text;
        self.index += end;
        // Without the byte before it and the quote.
        let escaped = text.escaped || length != end - 2;
        let place = text.start..self.parser.offset + self.index as u64 - 1;
        self.events
            .end_of_long_text(text.role, (!escaped).then_some(place))
            .map_err(|problem| self.fault(self.index, problem))?;
        self.after_text(text.role)
    }

    /// Looks whether a text, all of which is at hand, stands there as it is, before it is read.
    fn scan_long_text(&mut self, text: LongText, scanned: usize) -> Stop {
        let window = window(&self.input[self.index + 1 + scanned..]);
        let found = memchr2(b'"', b'\\', window);
        let scanned = match found {
            None if window.is_empty() => None,
            None => Some(scanned + window.len()),
            Some(end) => {
                if window[end] == b'"' {
                    let end = text.start + (scanned + end) as u64;
                    self.events.place_of_long_text(text.start..end);
                }
                None
            }
        };
        self.parser.text.scanned = scanned;
        Stop::For(Progress::Pause)
    }

    #[inline]
    fn number(&mut self, first: u8) -> Step {
        let rest = &self.input[self.index..];
        let window = window(rest);
        let may_go_on = !self.is_last || rest.len() > WINDOW;
        let mut jiter = Jiter::new(window);
        let number = jiter.known_number(Peek::new(first));
        let end = jiter.current_index();
        if end < window.len() || !may_go_on {
            match number {
                Ok(NumberAny::Int(NumberInt::Int(value))) => {
                    self.events.integer(value);
                    self.index += end;
                    return self.after_value(Flow::Go);
                }
                Ok(NumberAny::Float(value)) => {
                    return match self.events.float(value, &window[..end]) {
                        Ok(flow) => {
                            self.index += end;
                            self.after_value(flow)
                        }
                        Err(problem) => Err(self.fault(self.index, problem)),
                    };
                }
                Err(_) => {}
            }
        }
        self.unusual_number(may_go_on)
    }

    /// One that `jiter` does not read, or that may go on after the window.
    #[cold]
    fn unusual_number(&mut self, may_go_on: bool) -> Step {
        let window = window(&self.input[self.index..]);
        if may_go_on && number::length(window) == window.len() {
            return self.unread_number();
        }
        let length = number::end(window).map_err(|wrong| self.number_fault(self.index, wrong))?;
        match number::take(&window[..length], self.events) {
            Ok(flow) => {
                self.index += length;
                self.after_value(flow)
            }
            Err(problem) => Err(self.fault(self.index, problem)),
        }
    }

    #[cold]
    fn unread_number(&mut self) -> Step {
        if self.input.len() - self.index < LONG_NUMBER {
            return Err(Stop::For(Progress::More));
        }
        self.parser.number.clear();
        self.state = State::LongNumber;
        Ok(())
    }

    /// Collects a number until it ends.
    fn long_number(&mut self) -> Step {
        let window = window(&self.input[self.index..]);
        let length = number::length(window);
        self.parser.number.extend_from_slice(&window[..length]);
        self.index += length;
        let start = self.index.wrapping_sub(self.parser.number.len());
        if self.parser.number.len() > LONGEST_NUMBER {
            return Err(self.fault(start, Problem::NumberTooLong));
        }
        if self.index == self.input.len() && !self.is_last {
            return Err(Stop::For(Progress::More));
        }
        if length == WINDOW {
            return Err(Stop::For(Progress::Pause));
        }
        let text = std::mem::take(&mut self.parser.number);
        let end = number::end(&text).map_err(|wrong| self.number_fault(start, wrong))?;
        let flow = number::take(&text[..end], self.events)
            .map_err(|problem| self.fault(start, problem))?;
        let step = self.after_value(flow);
        match text.get(end) {
            // It looked like a part of the number, and is none.
            Some(byte) => {
                let expected = self.expected();
                let found = Found::Byte(*byte);
                let problem = Problem::Unexpected { expected, found };
                Err(self.fault(start.wrapping_add(end), problem))
            }
            None => step,
        }
    }

    #[cold]
    fn number_fault(&mut self, start: usize, wrong: usize) -> Stop {
        let index = start.wrapping_add(wrong);
        if index as isize >= self.input.len() as isize {
            return self.unexpected_instead_of(index, Expected::Digit);
        }
        self.fault(index, Problem::InvalidNumber)
    }

    #[cold]
    fn text_fault(&mut self, error: &JiterError) -> Stop {
        let JiterErrorType::JsonError(kind) = &error.error_type else {
            return self.unexpected(self.index);
        };
        let end = self.input.len().min(self.index + error.index);
        let escape = || {
            let before = &self.input[self.index..self.input.len().min(end + 1)];
            self.index + before.iter().rposition(|byte| *byte == b'\\').unwrap_or(0)
        };
        let (place, problem) = match kind {
            JsonErrorType::EofWhileParsingString => (self.input.len(), None),
            JsonErrorType::ControlCharacterWhileParsingString => {
                (end, Some(Problem::ControlCharacter))
            }
            // Where it is told, it is so after unescaping.
            JsonErrorType::InvalidUnicodeCodePoint => {
                let length = window(&self.input[self.index..]).len();
                (self.index + length, Some(Problem::InvalidUtf8))
            }
            JsonErrorType::LoneLeadingSurrogateInHexEscape
            | JsonErrorType::UnexpectedEndOfHexEscape => (escape(), Some(Problem::LoneSurrogate)),
            _ => (escape(), Some(Problem::InvalidEscape)),
        };
        // Before what `jiter` has met, as it looks for that first. The byte before the text may be the end of a character.
        let text = self.input.get(self.index + 1..place).unwrap_or_default();
        match (std::str::from_utf8(text), problem) {
            (Err(error), Some(_)) => {
                self.fault(self.index + 1 + error.valid_up_to(), Problem::InvalidUtf8)
            }
            (Err(error), None) if error.error_len().is_some() => {
                self.fault(self.index + 1 + error.valid_up_to(), Problem::InvalidUtf8)
            }
            (_, Some(problem)) => self.fault(place, problem),
            (_, None) => self.unexpected_instead_of(place, Expected::EndOfString),
        }
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

fn is_unfinished(error: &JiterError) -> bool {
    error.error_type == JiterErrorType::JsonError(JsonErrorType::EofWhileParsingString)
}
