//! Strings and keys, as a whole or in parts.

use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType};
use memchr::{memchr, memchr2};

use super::{Progress, Run, State, Step, Stop, WINDOW, window};
use crate::json::decode::long_text::{unfinished_utf8, whole_characters};
use crate::json::decode::{Events, Expected, Flow, Problem, Role, Text, quick_text};

/// A string that goes on after so many bytes of the input at hand is read in parts.
pub(in crate::json::decode) const LONG_TEXT: usize = 1024;

/// A text that is read in parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct LongText {
    pub(super) role: Role,
    pub(super) start: u64,
    pub(super) escaped: bool,
    /// How far its end, or an escape, has been looked for.
    pub(super) scanned: Option<usize>,
}

impl<E: Events> Run<'_, E> {
    #[inline]
    pub(super) fn key(&mut self) -> Step {
        match self.events.known_key(&self.input[self.index..]) {
            Some(length) => {
                self.index += length;
                self.state = State::Value;
                Ok(())
            }
            None => self.text(Role::Key),
        }
    }

    #[inline]
    pub(super) fn text(&mut self, role: Role) -> Step {
        let start = self.parser.offset + self.index as u64 + 1;
        let body = window(&self.input[self.index + 1..]);
        let Some(length) = quick_text::length(body) else {
            return self.other_text(role, start);
        };
        let place = Some(start..start + length as u64);
        match self.events.text(Text::new(body, length), role, place) {
            Ok(()) => {
                self.index += length + 2;
                self.after_text(role)
            }
            Err(problem) => Err(self.fault(self.index, problem)),
        }
    }

    #[inline(never)]
    fn other_text(&mut self, role: Role, start: u64) -> Step {
        let window = window(&self.input[self.index..]);
        let mut jiter = Jiter::with_tape(window, std::mem::take(&mut self.parser.tape));
        let read = match jiter.known_str() {
            Ok(text) => {
                let is_as_written = window.as_ptr_range().contains(&text.as_ptr());
                let place = is_as_written.then(|| start..start + text.len() as u64);
                Ok(self.events.text(text.into(), role, place))
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
    pub(super) fn long_text(&mut self) -> Step {
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
}

fn is_unfinished(error: &JiterError) -> bool {
    error.error_type == JiterErrorType::JsonError(JsonErrorType::EofWhileParsingString)
}
