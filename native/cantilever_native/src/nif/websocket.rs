//! Reading the frames of WebSockets.

use cantilever::read::{Bare, Reader as TermReader};
use cantilever::{
    Binary, BinaryBuilder, Continuation, Continue, Encoder, Env, Handle, NewBinary, SliceClock,
    Step, Term, rustler,
};

use super::slot::Slot;
use crate::websocket::{Event, Fault, Limits, Payload, Reader};

/// How many bytes are read between two looks at the slice: about a microsecond of work.
const BUDGET: usize = 4096;

type Place = Slot<Box<Reader<BinaryBuilder>>>;

rustler::atoms! {
    ok,
    error,
    unavailable,
    nil,
    text,
    binary,
    ping,
    pong,
    close,
}

impl Payload for BinaryBuilder {
    #[inline]
    fn reserve(&mut self, additional: usize) {
        self.reserve(additional);
    }

    #[inline]
    fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    #[inline]
    fn as_slice(&self) -> &[u8] {
        self.as_slice()
    }
}

/// A reader for one connection.
#[cantilever::nif]
fn websocket_new(max_frame_bytes: u64, max_message_bytes: u64) -> Handle<Place> {
    let limits = Limits {
        max_frame_bytes,
        max_message_bytes,
    };
    Handle::new(Slot::new(Box::new(Reader::new(limits))))
}

/// Reads what has come.
#[cantilever::nif]
fn websocket_read<'a>(
    env: Env<'a>,
    place: Handle<Place>,
    input: Binary<'a>,
) -> Result<Continue<'a, Reading>, rustler::Atom> {
    let reader = place.take().ok_or(unavailable())?;
    let read = TermReader::new(env);
    let kept = read.cons(read.bare(input.to_term(env)), read.empty_list());
    let reading = Reading {
        place,
        reader: Some(reader),
        used: 0,
    };
    Ok(Continue::new(reading, read.term(kept)))
}

/// A call between two slices. It keeps the input, and in front of that the events so far, of which the last is the first.
struct Reading {
    place: Handle<Place>,
    reader: Option<Box<Reader<BinaryBuilder>>>,
    /// How much of the input is read.
    used: usize,
}

impl Reading {
    /// Puts the reader back for the next call.
    fn end(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.place.put(reader);
        }
    }
}

impl Continuation for Reading {
    fn step<'a>(&mut self, env: Env<'a>, kept: Term<'a>, slice: &SliceClock<'_>) -> Step<'a> {
        let read = TermReader::new(env);
        let parts = read.list_cell(read.bare(kept));
        let Some((input, mut events)) = parts else {
            panic!("the step before has kept something else");
        };
        let (Some(bytes), Some(reader)) = (read.bytes(input), self.reader.as_mut()) else {
            panic!("the reader or its input is gone");
        };
        loop {
            match reader.read(&bytes[self.used..], BUDGET) {
                Ok((used, event)) => {
                    self.used += used;
                    if let Some(event) = event {
                        events = read.cons(event_term(read, event), events);
                    }
                }
                Err(fault) => {
                    self.end();
                    let failed = (error(), read.term(events), Reported(fault));
                    return Step::Done(failed.encode(env));
                }
            }
            if self.used >= bytes.len() {
                self.end();
                return Step::Done((ok(), read.term(events)).encode(env));
            }
            if slice.is_over() {
                return Step::Again(read.term(read.cons(input, events)));
            }
        }
    }
}

fn event_term(read: TermReader<'_>, event: Event<BinaryBuilder>) -> Bare<'_> {
    let env = read.env();
    let term = match event {
        Event::Text(mut payload) => (text(), payload.finish(env)).encode(env),
        Event::Binary(mut payload) => (binary(), payload.finish(env)).encode(env),
        Event::Ping(payload) => (ping(), short(env, &payload)).encode(env),
        Event::Pong(payload) => (pong(), short(env, &payload)).encode(env),
        Event::Close(Some((code, reason))) => {
            (close(), code, short(env, reason.as_bytes())).encode(env)
        }
        Event::Close(None) => (close(), nil(), short(env, b"")).encode(env),
    };
    read.bare(term)
}

fn short<'a>(env: Env<'a>, bytes: &[u8]) -> Term<'a> {
    let mut binary = NewBinary::new(env, bytes.len());
    binary.as_mut_slice().copy_from_slice(bytes);
    binary.into()
}

/// `{close_code, message}`
struct Reported(Fault);

impl Encoder for Reported {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        (self.0.close_code(), self.0.to_string()).encode(env)
    }
}
