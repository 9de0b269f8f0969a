//! Allocations: how often a thread has asked the allocator for memory.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

thread_local! {
    // Without a destructor, so that it may be counted until the very end of a thread.
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

/// An allocator that counts how often each thread asks it for memory: a plain addition to a number of the thread's own.
pub struct Counting<A>(pub A);

// SAFETY: every call goes to the inner allocator as it came; counting touches no memory that is given out.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counting<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps what `alloc` asks of him.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: likewise.
        unsafe { self.0.dealloc(memory, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: likewise.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: likewise.
        unsafe { self.0.realloc(memory, layout, size) }
    }
}

fn count() {
    ASKED.with(|asked| asked.set(asked.get().wrapping_add(1)));
}

/// How often this thread has asked for memory so far; it stays 0 where the allocator does not count.
pub fn allocations() -> u64 {
    ASKED.with(Cell::get)
}

#[cfg(test)]
mod tests {
    use std::alloc::System;

    use super::*;

    #[test]
    fn requests_are_counted_and_returns_are_not() {
        let (allocator, layout) = (Counting(System), Layout::new::<[u64; 4]>());
        let before = allocations();
        // SAFETY: the layout has a size, and what was given out is given back once.
        unsafe {
            let memory = allocator.alloc(layout);
            let memory = allocator.realloc(memory, layout, 64);
            allocator.dealloc(memory, Layout::from_size_align(64, layout.align()).unwrap());
        }
        assert_eq!(allocations() - before, 2);
    }
}
