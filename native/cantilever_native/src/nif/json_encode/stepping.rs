//! The steps of an encoding, and what it is between them.

use cantilever::read::{Bare, Reader};
use cantilever::{Continuation, Encoder, Env, Handle, SliceClock, Step, Term};

use super::atoms::Known;
use super::frame::Frozen;
use super::options::Options;
use super::output;
use super::stack::Stack;
use super::walk::{Ask, End, PACE, Walk};
use super::writer::Writer;
use crate::json::encode::Decimal;
use crate::nif::slot::Slot;

mod names {
    cantilever::rustler::atoms! { error, ask, value, key, pairs }
}

/// Where an encoding is while Elixir answers.
pub(super) type Paused = Slot<Encoding>;

/// An encoding between two steps; its terms are kept beside it, as `[chunks | frames]`.
pub(super) struct Encoding {
    pub(super) writer: Writer,
    pub(super) decimal: Option<Decimal>,
    /// How many pieces of work pass between two looks at the slice.
    pub(super) pace: u32,
    frames: Vec<Frozen>,
    next: Next,
    /// Where it was, to go back there.
    paused: Option<Handle<Paused>>,
}

/// What the terms of the next step are.
#[derive(Clone, Copy)]
enum Next {
    /// That to be written.
    Begin,
    /// Those that the last step has kept.
    GoOn,
    /// An answer, and those.
    Answered(Ask),
    Ended,
}

impl Encoding {
    #[inline]
    pub(super) fn new(options: Options) -> Self {
        Encoding {
            writer: Writer::new(options),
            decimal: None,
            pace: PACE,
            frames: Vec::new(),
            next: Next::Begin,
            paused: None,
        }
    }

    /// Goes on after a pause.
    pub(super) fn answered(mut self, paused: Handle<Paused>) -> Self {
        self.paused = Some(paused);
        self
    }

    /// Ends with a question to Elixir, which gives the answer to `json_encode_go_on`.
    fn pause<'a>(
        &mut self,
        read: Reader<'a>,
        ask: Ask,
        about: Bare<'a>,
        kept: Bare<'a>,
    ) -> Term<'a> {
        let what = match ask {
            Ask::Value => names::value(),
            Ask::Key => names::key(),
            Ask::Pairs => names::pairs(),
        };
        let mut this = std::mem::replace(self, Encoding::new(Options::default()));
        self.next = Next::Ended;
        this.next = Next::Answered(ask);
        let paused = this
            .paused
            .take()
            .unwrap_or_else(|| Handle::new(Slot::empty()));
        paused.put(this);
        (
            names::ask(),
            what,
            read.term(about),
            paused,
            read.term(kept),
        )
            .encode(read.env())
    }
}

impl Continuation for Encoding {
    fn step<'a>(&mut self, env: Env<'a>, kept: Term<'a>, slice: &SliceClock<'_>) -> Step<'a> {
        let known = Known::get();
        let read = Reader::new(env);
        let kept = read.bare(kept);
        let nil = cantilever::rustler::types::atom::nil();
        let (mut given, kept) = match self.next {
            Next::Begin => (Some((Ask::Value, kept)), None),
            Next::GoOn => (None, Some(kept)),
            Next::Answered(ask) => match read.pair(kept) {
                Some((answer, kept)) => (Some((ask, answer)), Some(kept)),
                None => return Step::Done(nil.to_term(env)),
            },
            Next::Ended => return Step::Done(nil.to_term(env)),
        };
        let empty = read.empty_list();
        self.writer.empty = empty.word();
        let (chunks, terms) = match kept {
            Some(kept) => match read.list_cell(kept) {
                Some(kept) => kept,
                None => return Step::Done(nil.to_term(env)),
            },
            None => (empty, empty),
        };
        let mut frames = std::mem::take(&mut self.frames);
        let mut walk = Walk {
            read,
            stack: Stack::new(read, &mut frames, terms, nil.into()),
            encoding: self,
            known,
            chunks,
            nil: nil.into(),
            empty,
            left: 0,
            mark: 0,
            ask: None,
        };
        let end = walk.run(given.take(), slice);
        let Walk {
            encoding,
            stack,
            chunks,
            ..
        } = walk;
        match end {
            Ok(End::Done) if encoding.writer.options.iodata => {
                Step::Done(output::join(read, &mut encoding.writer.out, chunks))
            }
            Ok(End::Done) => Step::Done(encoding.writer.out.finish(env)),
            Ok(End::SliceOver) => {
                let terms = read.cons(chunks, stack.freeze());
                encoding.frames = frames;
                encoding.next = Next::GoOn;
                Step::Again(read.term(terms))
            }
            Ok(End::Ask(ask, about)) => {
                let terms = read.cons(chunks, stack.freeze());
                encoding.frames = frames;
                Step::Done(encoding.pause(read, ask, about, terms))
            }
            Err(refused) => {
                let (reason, term) = *refused;
                let (term, path) = (read.term(term), read.term(stack.path()));
                Step::Done((names::error(), reason.name(), reason.at(), term, path).encode(env))
            }
        }
    }
}
