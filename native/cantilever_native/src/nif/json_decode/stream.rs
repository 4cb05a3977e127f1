//! A document that comes in chunks.

use cantilever::{Encoder, Env, OwnTerm, OwnTermBuilder, Term, TermMessage, checkpoint, rustler};

use super::failure::Failure;
use super::options::Options;
use super::terms::Building;
use super::{BUDGET, failure, pieces, waiting};
use crate::json::decode::{Parser, Piece, Problem, Progress, Scope, SyntaxError};

rustler::atoms! {
    error,
    sent,
    more,
    unavailable,
}

/// How much of a chunk is taken in at a time.
pub(in crate::nif) const PIECE: usize = 64 * 1024;

/// What is known of a document of which more is to come.
pub(super) struct Stream {
    parser: Parser,
    scope: Scope,
    builder: OwnTermBuilder,
    building: Building,
    piece: Option<Piece>,
    /// What has come and may be needed again. It begins at the byte `start` of the document.
    pending: Vec<u8>,
    start: u64,
    /// How much of `pending` is read.
    read: usize,
    /// How many elements are complete, and how much of `pending` they and what precedes them take.
    elements: usize,
    boundary: usize,
    /// Where the last element that is complete ends in the document.
    end_of_elements: u64,
}

/// Why feeding a chunk sends no message.
pub(super) enum NoMessage {
    /// Nothing is complete yet.
    Yet,
    /// The document has ended, was wrong, or another process feeds the decoder right now.
    Unavailable,
    Failure(Failure),
}

impl Stream {
    pub(super) fn new(options: Options, elements: bool) -> Self {
        let scope = if elements {
            Scope::Elements
        } else {
            Scope::Document
        };
        Stream {
            parser: Parser::new(scope, options.limits()),
            scope,
            builder: OwnTermBuilder::new(),
            building: Building::chunks(options),
            piece: options.piece(),
            pending: Vec::new(),
            start: 0,
            read: 0,
            elements: 0,
            boundary: 0,
            end_of_elements: 0,
        }
    }

    /// What is complete with the chunk, if anything is, and whether that is all.
    pub(super) async fn feed(
        &mut self,
        chunk: &[u8],
        is_last: bool,
        tag: OwnTerm,
    ) -> Result<(Option<TermMessage>, bool), NoMessage> {
        let mut pieces = chunk.chunks(PIECE).peekable();
        loop {
            let piece = pieces.next().unwrap_or_default();
            self.pending.extend_from_slice(piece);
            let is_end = pieces.peek().is_none();
            match self.read_on(is_last && is_end).await {
                Ok(false) if !is_end => {}
                Ok(is_done) => return Ok((self.take_complete(is_done, tag).await, is_done)),
                Err(NoMessage::Failure(failure)) if self.elements > 0 => {
                    let message = self.take_complete(true, tag).await;
                    let returned = (sent(), failure);
                    return Ok((message.map(|message| message.returning(returned)), true));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads what is pending; whether the document is complete.
    async fn read_on(&mut self, is_last: bool) -> Result<bool, NoMessage> {
        loop {
            let rest = (&self.pending[self.read..], is_last, BUDGET);
            let (read, progress) = pieces::read_on(
                &mut self.parser,
                rest,
                &mut self.builder,
                &mut self.building,
                &mut self.piece,
            )
            .map_err(|error| self.failure(error))?;
            self.read += read;
            match progress {
                Progress::Done => return Ok(true),
                Progress::More => {
                    if !self.parser.is_outside_of_elements() {
                        self.check_length()?;
                    }
                    self.forget_read();
                    return Ok(false);
                }
                Progress::Element => self.complete_element()?,
                Progress::Busy => {
                    let settled = waiting::settle(&mut self.builder, &mut self.building).await;
                    let offset = self.parser.offset();
                    settled.map_err(|problem| self.failure(SyntaxError { offset, problem }))?;
                    if self.parser.is_between_elements() {
                        self.complete_element()?;
                    }
                }
                Progress::Pause => {}
            }
            checkpoint().await;
        }
    }

    fn complete_element(&mut self) -> Result<(), NoMessage> {
        self.check_length()?;
        self.elements += 1;
        self.boundary = self.read;
        self.end_of_elements = self.parser.offset();
        Ok(())
    }

    fn check_length(&self) -> Result<(), NoMessage> {
        let begun = self.parser.begin_of_element();
        let most = self.building.options.max_bytes;
        if self.parser.offset().saturating_sub(begun) <= most {
            return Ok(());
        }
        let offset = begun.saturating_add(most);
        let problem = Problem::TooManyBytes;
        Err(self.failure(SyntaxError { offset, problem }))
    }

    /// Drops what is not needed again: an incomplete element is, once others are complete, and so are a few bytes before
    /// it, to show where an error is.
    fn forget_read(&mut self) {
        let done = if self.elements > 0 {
            self.boundary
        } else {
            self.read
        };
        let shown = done.min(failure::AROUND);
        self.pending.drain(..done - shown);
        self.start += (done - shown) as u64;
        self.read -= done - shown;
        self.boundary = shown;
    }

    /// Sends off what is complete. What is not is read again with the next chunk, on another heap.
    async fn take_complete(&mut self, is_done: bool, tag: OwnTerm) -> Option<TermMessage> {
        if self.elements == 0 && !is_done {
            return None;
        }
        pieces::finish(&mut self.builder, &mut self.building, &mut self.piece);
        let mut complete = std::mem::take(&mut self.builder);
        if self.scope == Scope::Document {
            return Some(complete.finish().into_message(tag));
        }
        complete.truncate(self.elements);
        waiting::list(&mut complete, self.elements).await;
        self.elements = 0;
        self.building.restart();
        if !is_done {
            self.parser.restart_after_element(self.end_of_elements);
            self.read = self.boundary;
        }
        Some(complete.finish().into_message(tag))
    }

    fn failure(&self, error: SyntaxError) -> NoMessage {
        NoMessage::Failure(Failure::new(&error, &self.pending, self.start))
    }
}

impl Encoder for NoMessage {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        match self {
            NoMessage::Yet => more().encode(env),
            NoMessage::Unavailable => (error(), unavailable()).encode(env),
            NoMessage::Failure(failure) => failure.encode(env),
        }
    }
}
