//! Continuations that read and build terms across their slices.

use cantilever::read::{Bare, Reader};
use cantilever::{Continuation, Continue, Encoder, Env, SharedBinary, SliceClock, Step, Term};

use crate::killing::Kept;
use crate::panicking::PanicsInDrop;

/// Copies a list, with a copy of each item: `kept` is `[rest | built]`.
struct Rebuild;

impl Continuation for Rebuild {
    fn step<'a>(&mut self, env: Env<'a>, kept: Term<'a>, slice: &SliceClock<'_>) -> Step<'a> {
        let read = Reader::new(env);
        let Some((mut rest, mut built)) = read.list_cell(read.bare(kept)) else {
            return Step::Done("no list".encode(env));
        };
        while let Some((item, tail)) = read.list_cell(rest) {
            rest = tail;
            built = read.cons(copied(read, item), built);
            if slice.is_over() {
                return Step::Again(read.term(read.cons(rest, built)));
            }
        }
        let built = read.term(built);
        Step::Done(built.list_reverse().unwrap_or(built))
    }
}

/// Binaries and pairs anew, everything else as it is.
fn copied<'a>(read: Reader<'a>, item: Bare<'a>) -> Bare<'a> {
    if let Some(bytes) = read.bytes(item) {
        let mut copy = cantilever::NewBinary::new(read.env(), bytes.len());
        copy.as_mut_slice().copy_from_slice(bytes);
        read.bare(copy.into())
    } else if let Some((first, second)) = read.pair(item) {
        read.bare((read.term(first), read.term(second)).encode(read.env()))
    } else {
        item
    }
}

#[cantilever::nif]
fn continue_rebuild(list: Term<'_>) -> Continue<'_, Rebuild> {
    let built = Term::list_new_empty(list.get_env());
    Continue::new(Rebuild, built.list_prepend(list))
}

/// Counts its steps, and panics or ends in one of them.
struct Steps {
    done: u32,
    until: u32,
    panics: bool,
    _dropped: Option<PanicsInDrop>,
}

impl Continuation for Steps {
    fn step<'a>(&mut self, env: Env<'a>, kept: Term<'a>, slice: &SliceClock<'_>) -> Step<'a> {
        self.done += 1;
        if self.done < self.until {
            while !slice.is_over() {}
            return Step::Again(kept);
        }
        assert!(!self.panics, "in step {}", self.done);
        Step::Done((self.done, kept).encode(env))
    }
}

fn steps(
    until: u32,
    panics: bool,
    dropped: Option<PanicsInDrop>,
    kept: Term<'_>,
) -> Continue<'_, Steps> {
    let steps = Steps {
        done: 0,
        until,
        panics,
        _dropped: dropped,
    };
    Continue::new(steps, kept)
}

#[cantilever::nif]
fn continue_steps(until: u32, kept: Term<'_>) -> Continue<'_, Steps> {
    steps(until, false, None, kept)
}

#[cantilever::nif]
fn continue_panic(until: u32, kept: Term<'_>) -> Continue<'_, Steps> {
    steps(until, true, None, kept)
}

#[cantilever::nif]
fn continue_panic_drop(until: u32, kept: Term<'_>) -> Continue<'_, Steps> {
    steps(until, false, Some(PanicsInDrop), kept)
}

#[cantilever::nif]
fn continue_result(refused: bool, kept: Term<'_>) -> Result<Continue<'_, Steps>, &'static str> {
    if refused {
        return Err("refused");
    }
    Ok(steps(3, false, None, kept))
}

/// Walks a binary over and over.
struct Endless(Kept);

impl Continuation for Endless {
    fn step<'a>(&mut self, _env: Env<'a>, kept: Term<'a>, slice: &SliceClock<'_>) -> Step<'a> {
        while !slice.is_over() {
            std::hint::black_box(self.0.sum());
        }
        Step::Again(kept)
    }
}

#[cantilever::nif]
fn endless_continuation(bytes: SharedBinary, kept: Term<'_>) -> Continue<'_, Endless> {
    Continue::new(Endless(Kept::new(bytes)), kept)
}
