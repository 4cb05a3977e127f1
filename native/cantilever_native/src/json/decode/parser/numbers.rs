//! Numbers, as a whole or put together.

use jiter::{Jiter, NumberAny, NumberInt, Peek};

use super::{Progress, Run, State, Step, Stop, WINDOW, window};
use crate::json::decode::quick_number::{self, QuickNumber};
use crate::json::decode::{Events, Expected, Flow, Found, MOST_DIGITS, Problem, number};

/// A number that goes on after so many bytes of the input at hand is put together by itself.
const LONG_NUMBER: usize = 256;

/// How many bytes a number may be written in.
const LONGEST_NUMBER: usize = MOST_DIGITS + 1;

impl<E: Events> Run<'_, E> {
    #[inline]
    pub(super) fn number(&mut self, first: u8) -> Step {
        let rest = &self.input[self.index..];
        match quick_number::read(rest) {
            Some((QuickNumber::Integer(value), length)) => {
                self.events.integer(value);
                self.index += length;
                self.after_value(Flow::Go)
            }
            Some((QuickNumber::Float(value), length)) => self.float(value, length),
            None => self.other_number(first),
        }
    }

    #[inline]
    fn float(&mut self, value: f64, length: usize) -> Step {
        let text = &self.input[self.index..self.index + length];
        match self.events.float(value, text) {
            Ok(flow) => {
                self.index += length;
                self.after_value(flow)
            }
            Err(problem) => Err(self.fault(self.index, problem)),
        }
    }

    #[inline(never)]
    fn other_number(&mut self, first: u8) -> Step {
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
                Ok(NumberAny::Float(value)) => return self.float(value, end),
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
    pub(super) fn long_number(&mut self) -> Step {
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
}
