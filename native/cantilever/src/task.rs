//! A future of any type, in memory that is reused from call to call.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::{Context, Poll};

use rustler::Env;
use rustler::codegen_runtime::NifReturned;

use crate::returned::IntoReturned;

/// Futures up to this size share one kind of block, which each thread keeps one of.
const REUSED: Layout = match Layout::from_size_align(1024, 64) {
    Ok(layout) => layout,
    Err(_) => panic!("64 is a power of two"),
};

thread_local! {
    static SPARE: Cell<*mut u8> = const { Cell::new(ptr::null_mut()) };
}

/// Memory for one future.
struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

impl Block {
    #[inline]
    fn for_layout(wanted: Layout) -> Block {
        let fits = wanted.size() <= REUSED.size() && wanted.align() <= REUSED.align();
        let layout = if fits { REUSED } else { wanted };
        let spare = if fits {
            SPARE.replace(ptr::null_mut())
        } else {
            ptr::null_mut()
        };
        // SAFETY: the layout's size is not zero: it is REUSED's, or larger or more aligned, and
        // `Task::new` asks for no empty one.
        let start = NonNull::new(spare).or_else(|| NonNull::new(unsafe { alloc(layout) }));
        match start {
            Some(start) => Block { start, layout },
            None => handle_alloc_error(layout),
        }
    }
}

impl Drop for Block {
    #[inline]
    fn drop(&mut self) {
        if self.layout == REUSED && SPARE.get().is_null() {
            SPARE.set(self.start.as_ptr());
        } else {
            // SAFETY: `start` was allocated with this layout and nobody else refers to it.
            unsafe { dealloc(self.start.as_ptr(), self.layout) };
        }
    }
}

struct VTable {
    poll: unsafe fn(NonNull<u8>, &mut Context<'_>, Env<'_>) -> Poll<NifReturned>,
    drop: unsafe fn(NonNull<u8>),
}

/// A future whose type is forgotten; it stays where it was put, whatever happens to the `Task`.
pub(crate) struct Task {
    block: Block,
    vtable: &'static VTable,
}

// SAFETY: `new` takes only futures that are `Send`, and a `Task` is the only owner of its future.
unsafe impl Send for Task {}

impl Task {
    #[inline]
    pub(crate) fn new<F, K>(future: F) -> Task
    where
        F: Future + Send + 'static,
        F::Output: IntoReturned<K>,
    {
        let wanted = Layout::new::<F>().align_to(1).map_or(REUSED, |layout| {
            if layout.size() == 0 { REUSED } else { layout }
        });
        let block = Block::for_layout(wanted);
        // SAFETY: the block is large and aligned enough for an `F`, and empty.
        unsafe { block.start.cast::<F>().write(future) };
        Task {
            block,
            vtable: Erased::<F, K>::VTABLE,
        }
    }

    /// Polls the future; its output is encoded in `env`. Not to be called again once it was ready
    /// or has panicked.
    #[inline]
    pub(crate) fn poll(&mut self, context: &mut Context<'_>, env: Env<'_>) -> Poll<NifReturned> {
        // SAFETY: the vtable is that of the future in the block, which `&mut self` owns.
        unsafe { (self.vtable.poll)(self.block.start, context, env) }
    }
}

impl Drop for Task {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: as for `poll`; the future is dropped once, here. The block follows.
        unsafe { (self.vtable.drop)(self.block.start) };
    }
}

struct Erased<F, K>(PhantomData<(F, K)>);

impl<F, K> Erased<F, K>
where
    F: Future + Send + 'static,
    F::Output: IntoReturned<K>,
{
    const VTABLE: &'static VTable = &VTable {
        poll: Self::poll,
        drop: Self::drop,
    };

    /// # Safety
    /// `start` points to an `F` that nobody else refers to and that never moves again.
    unsafe fn poll(
        start: NonNull<u8>,
        context: &mut Context<'_>,
        env: Env<'_>,
    ) -> Poll<NifReturned> {
        // SAFETY: as the function's contract says.
        let future = unsafe { Pin::new_unchecked(start.cast::<F>().as_mut()) };
        future.poll(context).map(|output| output.into_returned(env))
    }

    /// # Safety
    /// `start` points to an `F` that nobody else refers to and that is not used again.
    unsafe fn drop(start: NonNull<u8>) {
        // SAFETY: as the function's contract says.
        unsafe { start.cast::<F>().drop_in_place() };
    }
}
