//! Terms on heaps of their own.

use std::fmt;
use std::ops::{Deref, DerefMut};

use rustler::sys::{
    ErlNifEnv, ErlNifTerm, enif_alloc_env, enif_free_env, enif_make_copy,
    enif_make_tuple_from_array, enif_send,
};
use rustler::{Decoder, Encoder, Env, NifResult, Term, TermType};

use super::TermBuilder;
use crate::reclaim;
use crate::returned::{IntoReturned, Returned};

mod atoms {
    rustler::atoms! { sent }
}

/// A heap that belongs to no process.
struct Heap(*mut ErlNifEnv);

// SAFETY: any thread may use such an environment, if it is the only one to do so at that time: every use but
// freeing it goes through a reference to what owns the heap.
unsafe impl Send for Heap {}

impl Heap {
    fn new() -> Self {
        // SAFETY: it is freed once, in `drop`.
        Heap(unsafe { enif_alloc_env() })
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        // SAFETY: `new` made it, and it is not used again.
        unsafe { enif_free_env(self.0) };
    }
}

/// A stack of more values takes long to free on a scheduler.
const LARGE_STACK: usize = 64 * 1024;

/// A heap that may hold much, which would take long to free on a scheduler: a gigabyte takes some 50 ms.
pub(super) struct LateHeap {
    heap: Option<Heap>,
    /// Otherwise it is freed at once, as to wake another thread takes many times as long.
    is_large: bool,
}

impl LateHeap {
    fn take(mut self) -> Option<Heap> {
        self.heap.take()
    }
}

impl Drop for LateHeap {
    fn drop(&mut self) {
        if let Some(heap) = self.heap.take().filter(|_| self.is_large) {
            reclaim::drop_later(heap);
        }
    }
}

/// Whether a term may take any amount of memory.
fn may_have_parts(kind: TermType) -> bool {
    !matches!(
        kind,
        TermType::Atom | TermType::Float | TermType::Pid | TermType::Port | TermType::Ref
    )
}

impl fmt::Debug for LateHeap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LateHeap")
    }
}

/// A [`TermBuilder`] with a heap of its own, which can be kept across slices and go to another thread.
///
/// ```no_run
/// use cantilever::{OwnTerm, OwnTermBuilder, TermMessage, checkpoint};
///
/// /// Sends its caller `{tag, list}`, and returns `:sent`.
/// #[cantilever::nif]
/// async fn count_to(last: i64, tag: OwnTerm) -> TermMessage {
///     let mut builder = OwnTermBuilder::new();
///     for number in 1..=last {
///         builder.push_integer(number);
///         checkpoint().await;
///     }
///     builder.list(0);
///     while builder.len() > 1 {
///         let some = 100.min(builder.len() - 1);
///         builder.prepend(some);
///         checkpoint().await;
///     }
///     builder.finish().into_message(tag)
/// }
/// ```
///
/// What is dropped unfinished is freed on the kit's thread.
pub struct OwnTermBuilder(TermBuilder<'static>);

// SAFETY: the environment is that of the builder's own heap, and goes with it: see `Heap`.
unsafe impl Send for OwnTermBuilder {}

impl OwnTermBuilder {
    /// An empty heap.
    #[must_use]
    pub fn new() -> Self {
        let heap = Heap::new();
        OwnTermBuilder(TermBuilder::on(
            heap.0,
            Some(LateHeap {
                heap: Some(heap),
                is_large: true,
            }),
        ))
    }

    /// The value on top of the stack, with the heap.
    ///
    /// # Panics
    /// If the stack is empty.
    #[must_use]
    pub fn finish(mut self) -> OwnTerm {
        let term = self.0.pop();
        match self.0.heap.take() {
            Some(heap) => OwnTerm { term, heap },
            None => panic!("the heap is gone"),
        }
    }
}

impl Default for OwnTermBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for OwnTermBuilder {
    fn drop(&mut self) {
        if self.0.values.capacity() == 0 {
            // Nothing was pushed: there is nothing to free that could take long.
            drop(self.0.heap.take().and_then(LateHeap::take));
        } else if self.0.values.capacity() > LARGE_STACK {
            let lists = [
                std::mem::take(&mut self.0.values),
                std::mem::take(&mut self.0.keys_of_map),
                std::mem::take(&mut self.0.values_of_map),
            ];
            reclaim::drop_later(lists);
        }
    }
}

impl Deref for OwnTermBuilder {
    type Target = TermBuilder<'static>;

    fn deref(&self) -> &TermBuilder<'static> {
        &self.0
    }
}

impl DerefMut for OwnTermBuilder {
    fn deref_mut(&mut self) -> &mut TermBuilder<'static> {
        &mut self.0
    }
}

impl fmt::Debug for OwnTermBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnTermBuilder({} values)", self.len())
    }
}

/// A term with a heap of its own: as an argument, a copy of the caller's term that can be kept across slices.
pub struct OwnTerm {
    term: ErlNifTerm,
    heap: LateHeap,
}

impl OwnTerm {
    /// What sends the caller `{tag, term}` when the function returns it.
    #[must_use]
    pub fn into_message(self, tag: OwnTerm) -> TermMessage {
        TermMessage {
            tag,
            term: self,
            returned: None,
        }
    }
}

impl<'a> Decoder<'a> for OwnTerm {
    fn decode(term: Term<'a>) -> NifResult<Self> {
        let heap = Heap::new();
        let has_parts = may_have_parts(term.get_type());
        // SAFETY: `term` is one of the caller's environment, and the heap is alive.
        let term = unsafe { enif_make_copy(heap.0, term.as_c_arg()) };
        let heap = LateHeap {
            heap: Some(heap),
            is_large: has_parts,
        };
        Ok(OwnTerm { term, heap })
    }
}

impl fmt::Debug for OwnTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnTerm")
    }
}

/// A result that reaches the caller as the message `{tag, term}`, without a copy; the function returns `:sent`.
///
/// The caller receives it right away, as the message is there when the function has returned:
///
/// ```elixir
/// tag = make_ref()
///
/// case Native.count_to(1_000_000, tag) do
///   :sent -> receive do: ({^tag, list} -> list)
/// end
/// ```
pub struct TermMessage {
    tag: OwnTerm,
    term: OwnTerm,
    returned: Option<Box<dyn Encoder + Send>>,
}

impl TermMessage {
    /// Has the function return `value` instead of `:sent`.
    #[must_use]
    pub fn returning(self, value: impl Encoder + Send + 'static) -> Self {
        TermMessage {
            returned: Some(Box::new(value)),
            ..self
        }
    }
}

impl fmt::Debug for TermMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TermMessage")
    }
}

/// Keeps the implementation for messages apart.
pub struct Message;

impl IntoReturned<Message> for TermMessage {
    fn into_returned(self, env: Env<'_>) -> Returned {
        // Before the message, as an encoder may panic.
        let returned = match &self.returned {
            Some(value) => value.encode(env),
            None => atoms::sent().encode(env),
        };
        let (Some(tag), Some(heap)) = (self.tag.heap.take(), self.term.heap.take()) else {
            panic!("the heap is gone");
        };
        let caller = env.pid();
        // SAFETY: `env` is that of the caller's process, which therefore is alive; the message's terms are of its
        // heap, which is cleared by the sending and then freed.
        unsafe {
            let pair = [enif_make_copy(heap.0, self.tag.term), self.term.term];
            let message = enif_make_tuple_from_array(heap.0, pair.as_ptr(), 2);
            enif_send(env.as_c_arg(), caller.as_c_arg(), heap.0, message);
        }
        drop(tag);
        returned.into_returned(env)
    }
}

impl<E: Encoder> IntoReturned<Message> for Result<TermMessage, E> {
    fn into_returned(self, env: Env<'_>) -> Returned {
        match self {
            Ok(message) => message.into_returned(env),
            Err(other) => other.into_returned(env),
        }
    }
}
