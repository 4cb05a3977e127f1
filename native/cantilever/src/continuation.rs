//! Code that reads or builds terms across slices.

use rustler::{Encoder, Env, Term};

use crate::args::NifInfo;
use crate::returned::{IntoReturned, Returned};
use crate::slice::Slice;
use crate::steps;
use crate::suspended::{self, Suspended};
use crate::thread_state::ThreadState;

/// A computation that reads or builds terms, in steps of one slice each.
///
/// A term is valid within one step only, so an `async fn` can hold none across a checkpoint. A continuation
/// can: what it needs of terms in its next step, it [keeps](Step::Again), and gets it back there, moved by the
/// collector maybe. All else that it needs lives in itself.
///
/// The first step runs in the call itself, and most calls end there, at the cost of a Normal one. After that the
/// continuation lives in a resource; when its process dies, it is dropped on a thread of the kit's. A panic in any
/// step becomes a `Cantilever.NativePanic`.
///
/// ```no_run
/// use cantilever::{Continuation, Continue, Encoder, Env, SliceClock, Step, Term, read};
///
/// /// Counts the items of a list of any length.
/// struct Count(u64);
///
/// impl Continuation for Count {
///     fn step<'a>(&mut self, env: Env<'a>, kept: Term<'a>, slice: &SliceClock<'_>) -> Step<'a> {
///         let read = read::Reader::new(env);
///         let mut rest = read.bare(kept);
///         while let Some((_item, tail)) = read.list_cell(rest) {
///             self.0 += 1;
///             rest = tail;
///             if slice.is_over() {
///                 return Step::Again(read.term(rest));
///             }
///         }
///         Step::Done(self.0.encode(env))
///     }
/// }
///
/// #[cantilever::nif]
/// fn count(list: Term<'_>) -> Continue<'_, Count> {
///     Continue::new(Count(0), list)
/// }
/// ```
pub trait Continuation: Send + 'static {
    /// Goes on until it is done, or the slice is over.
    ///
    /// `kept` is what the step before has kept; for the first, what [`Continue::new`] was given.
    fn step<'a>(&mut self, env: Env<'a>, kept: Term<'a>, slice: &SliceClock<'_>) -> Step<'a>;
}

/// What has come of a step.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// The call returns this.
    Done(Term<'a>),
    /// There is more to do, with this term. To keep several, make a tuple or a list of them; what is put
    /// in front of a list that the step has got itself costs nothing for the rest of the list.
    Again(Term<'a>),
}

/// What a Normal function returns to go on with a [`Continuation`].
///
/// The function itself only decodes its arguments. It may return a `Result` too, whose error is given to the
/// caller as `{:error, error}`.
///
/// ```no_run
/// # struct Walk;
/// # impl cantilever::Continuation for Walk {
/// #     fn step<'a>(
/// #         &mut self, _env: cantilever::Env<'a>, kept: cantilever::Term<'a>, _slice: &cantilever::SliceClock<'_>,
/// #     ) -> cantilever::Step<'a> {
/// #         cantilever::Step::Done(kept)
/// #     }
/// # }
/// #[cantilever::nif]
/// fn walk(term: cantilever::Term<'_>) -> cantilever::Continue<'_, Walk> {
///     cantilever::Continue::new(Walk, term)
/// }
/// ```
#[derive(Debug)]
#[must_use = "a continuation runs when the native function returns it"]
pub struct Continue<'a, C> {
    continuation: C,
    kept: Term<'a>,
}

impl<'a, C: Continuation> Continue<'a, C> {
    /// Goes on with `continuation`, whose first step gets `kept`.
    ///
    /// ```no_run
    /// # fn example<'a, C: cantilever::Continuation>(
    /// #     walk: C, term: cantilever::Term<'a>) -> cantilever::Continue<'a, C> {
    /// cantilever::Continue::new(walk, term)
    /// # }
    /// ```
    pub fn new(continuation: C, kept: Term<'a>) -> Self {
        Continue { continuation, kept }
    }
}

/// Tells a [`Continuation`] when its slice is over.
#[derive(Clone, Copy)]
pub struct SliceClock<'s>(&'s Slice);

impl<'s> SliceClock<'s> {
    pub(crate) fn new(slice: &'s Slice) -> Self {
        SliceClock(slice)
    }

    /// Whether the slice is used up, and the step is to return.
    ///
    /// To be asked between pieces of work of at most about a microsecond, each of which may be much shorter: it
    /// reads the clock only now and then. Once it has said so, it says so until the step returns.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, mut rest: Bare<'a>, slice: &cantilever::SliceClock<'_>) {
    /// while let Some((_item, tail)) = read.list_cell(rest) {
    ///     rest = tail;
    ///     if slice.is_over() {
    ///         break;
    ///     }
    /// }
    /// # }
    /// ```
    #[inline]
    pub fn is_over(&self) -> bool {
        self.0.pass()
    }
}

impl std::fmt::Debug for SliceClock<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SliceClock")
    }
}

/// What a Normal function may return: a value, or a [`Continue`].
///
/// `Kind` only keeps the implementations apart, and is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a native function",
    note = "implement `cantilever::Encoder` for it (rustler's derives do), or derive \
            `cantilever::NifError` for an error enum"
)]
pub trait IntoFinished<Kind> {
    /// Encodes the value, raises it, or runs its first step.
    fn into_finished(self, env: Env<'_>, info: &'static NifInfo) -> Returned;
}

/// A value.
pub struct Value<Kind>(Kind);

/// What goes on.
pub struct Continued;

impl<T: IntoReturned<Kind>, Kind> IntoFinished<Value<Kind>> for T {
    #[inline]
    fn into_finished(self, env: Env<'_>, _info: &'static NifInfo) -> Returned {
        self.into_returned(env)
    }
}

impl<C: Continuation> IntoFinished<Continued> for Continue<'_, C> {
    #[inline]
    fn into_finished(mut self, env: Env<'_>, info: &'static NifInfo) -> Returned {
        // SAFETY: a native function returns terms of the environment that it was called with, of which there
        // is one for each call: this.
        let kept = unsafe { Term::new(env, self.kept.as_c_arg()) };
        let (step, pace, used) = ThreadState::with(|state| {
            state.slice.begin(None);
            let _end = state.slice.end_with();
            let step = self
                .continuation
                .step(env, kept, &SliceClock::new(&state.slice));
            (step, state.slice.pace(), state.slice.end())
        });
        // SAFETY: this runs in the call of `info` on a normal scheduler, to which the result is returned.
        unsafe {
            match step {
                Step::Done(term) => {
                    if let Some(percent) = used {
                        steps::book(env, percent);
                    }
                    Returned::from_term(term.as_c_arg())
                }
                Step::Again(kept) => {
                    let suspended = Suspended::new(self.continuation, info, pace);
                    Returned::from_term(suspended::suspend(env, suspended, kept, used))
                }
            }
        }
    }
}

impl<'a, C: Continuation, E: Encoder> IntoFinished<Continued> for Result<Continue<'a, C>, E> {
    fn into_finished(self, env: Env<'_>, info: &'static NifInfo) -> Returned {
        match self {
            Ok(goes_on) => goes_on.into_finished(env, info),
            Err(error) => Returned::encode(&(rustler::types::atom::error(), error), env),
        }
    }
}
