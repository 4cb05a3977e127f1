//! An allocator that other libraries cannot give memory back to.

use std::alloc::{GlobalAlloc, Layout, System};

struct Shifted;

#[global_allocator]
static ALLOCATOR: Shifted = Shifted;

/// In front of each block, as far as its alignment wants.
fn room(layout: Layout) -> usize {
    layout.align().max(64)
}

fn with_room(layout: Layout) -> Option<Layout> {
    Layout::from_size_align(layout.size() + room(layout), room(layout)).ok()
}

// SAFETY: each block is one of the system's, of which the first bytes are left out.
unsafe impl GlobalAlloc for Shifted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(whole) = with_room(layout) else {
            return std::ptr::null_mut();
        };
        // SAFETY: the layout is not empty.
        let block = unsafe { System.alloc(whole) };
        if block.is_null() {
            return block;
        }
        // SAFETY: the block is that large.
        unsafe { block.add(room(layout)) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Some(whole) = with_room(layout) {
            // SAFETY: as it was allocated.
            unsafe { System.dealloc(block.sub(room(layout)), whole) };
        }
    }
}
