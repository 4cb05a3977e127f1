//! A future in memory that is reused from call to call.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll};

use rustler::Env;

use crate::returned::{IntoReturned, Returned};
use crate::thread_state::ThreadState;

/// Futures up to this size share one kind of block, which each thread keeps one of.
const REUSED: Layout = match Layout::from_size_align(1024, 64) {
    Ok(layout) => layout,
    Err(_) => panic!("64 is a power of two"),
};

/// Memory for one future.
struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

impl Block {
    #[inline]
    fn new(state: &ThreadState, wanted: Layout) -> Block {
        let fits = wanted.size() <= REUSED.size() && wanted.align() <= REUSED.align();
        let layout = if fits { REUSED } else { wanted };
        let spare = if fits {
            state.spare_block.replace(ptr::null_mut())
        } else {
            ptr::null_mut()
        };
        // SAFETY: the layout is not empty: it is REUSED, or something that does not fit into it.
        let start = NonNull::new(spare).or_else(|| NonNull::new(unsafe { alloc(layout) }));
        match start {
            Some(start) => Block { start, layout },
            None => handle_alloc_error(layout),
        }
    }

    #[inline]
    fn free(&self, state: &ThreadState) {
        if self.layout == REUSED && state.spare_block.get().is_null() {
            state.spare_block.set(self.start.as_ptr());
        } else {
            // SAFETY: `start` was allocated with this layout, and the callers drop what refers to it.
            unsafe { dealloc(self.start.as_ptr(), self.layout) };
        }
    }
}

/// A future that stays where it was put, whatever happens to the `Task`.
pub(crate) struct Task<'s, F, K> {
    block: Block,
    state: &'s ThreadState,
    future: PhantomData<(F, K)>,
}

impl<'s, F, K> Task<'s, F, K>
where
    F: Future + Send + 'static,
    F::Output: IntoReturned<K>,
{
    const VTABLE: &'static VTable = &VTable {
        poll: Self::poll_at,
        drop: Self::drop_at,
    };

    #[inline]
    pub(crate) fn new(state: &'s ThreadState, future: F) -> Self {
        let block = Block::new(state, Layout::new::<F>());
        // SAFETY: the block is large and aligned enough for an `F`, and empty.
        unsafe { block.start.cast::<F>().write(future) };
        Task {
            block,
            state,
            future: PhantomData,
        }
    }

    /// Polls the future; its output is encoded in `env`. Not to be called again once it was ready
    /// or has panicked.
    #[inline]
    pub(crate) fn poll(&mut self, context: &mut Context<'_>, env: Env<'_>) -> Poll<Returned> {
        // SAFETY: the future is in the block, which `&mut self` owns.
        unsafe { Self::poll_at(self.block.start, context, env) }
    }

    /// Forgets the type, so that the future can be kept beside others.
    pub(crate) fn erase(self) -> ErasedTask {
        let task = std::mem::ManuallyDrop::new(self);
        // SAFETY: `task` is not used or dropped any more, so that the block has one owner.
        let block = unsafe { ptr::read(&task.block) };
        ErasedTask {
            block,
            vtable: Self::VTABLE,
        }
    }

    /// # Safety
    /// `start` points to an `F` that nobody else refers to and that never moves again.
    #[inline]
    unsafe fn poll_at(
        start: NonNull<u8>,
        context: &mut Context<'_>,
        env: Env<'_>,
    ) -> Poll<Returned> {
        // SAFETY: as the function's contract says.
        let future = unsafe { Pin::new_unchecked(start.cast::<F>().as_mut()) };
        future.poll(context).map(|output| output.into_returned(env))
    }

    /// # Safety
    /// `start` points to an `F` that nobody else refers to and that is not used again.
    unsafe fn drop_at(start: NonNull<u8>) {
        // SAFETY: as the function's contract says.
        unsafe { start.cast::<F>().drop_in_place() };
    }
}

impl<F, K> Drop for Task<'_, F, K> {
    #[inline]
    fn drop(&mut self) {
        let _free = FreeAfter {
            block: &self.block,
            state: self.state,
        };
        // SAFETY: `new` put an `F` there, which is dropped once, here.
        unsafe { self.block.start.cast::<F>().drop_in_place() };
    }
}

/// Frees a block once what was in it is dropped, even if that panics.
struct FreeAfter<'a> {
    block: &'a Block,
    state: &'a ThreadState,
}

impl Drop for FreeAfter<'_> {
    #[inline]
    fn drop(&mut self) {
        self.block.free(self.state);
    }
}

struct VTable {
    poll: unsafe fn(NonNull<u8>, &mut Context<'_>, Env<'_>) -> Poll<Returned>,
    drop: unsafe fn(NonNull<u8>),
}

/// A [`Task`] whose future's type is forgotten.
pub(crate) struct ErasedTask {
    block: Block,
    vtable: &'static VTable,
}

// SAFETY: `Task` takes only futures that are `Send`, and this is the only owner of its future.
unsafe impl Send for ErasedTask {}

impl ErasedTask {
    /// As [`Task::poll`].
    pub(crate) fn poll(&mut self, context: &mut Context<'_>, env: Env<'_>) -> Poll<Returned> {
        // SAFETY: the vtable is that of the future in the block, which `&mut self` owns.
        unsafe { (self.vtable.poll)(self.block.start, context, env) }
    }
}

impl Drop for ErasedTask {
    fn drop(&mut self) {
        ThreadState::with(|state| {
            let _free = FreeAfter {
                block: &self.block,
                state,
            };
            // SAFETY: as for `poll`; the future is dropped once, here.
            unsafe { (self.vtable.drop)(self.block.start) };
        });
    }
}
