//! What an execution may hold.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// More at once is an error, also where it is only reserved.
const LIMIT: usize = 64 << 20;
const MEBIBYTE: usize = 1 << 20;

#[global_allocator]
static COUNTED: Counted = Counted { held: AtomicUsize::new(0), peak: AtomicUsize::new(0) };

/// Counts what Rust code holds, and says when it holds more MiB than ever before. The fuzzer's own memory is not counted.
struct Counted {
    held: AtomicUsize,
    peak: AtomicUsize,
}

impl Counted {
    fn grow(&self, bytes: usize) {
        let held = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let peak = self.peak.load(Ordering::Relaxed);
        if held > peak {
            self.peak.store(held, Ordering::Relaxed);
            if held / MEBIBYTE > peak / MEBIBYTE {
                eprintln!("held: {} MiB", held / MEBIBYTE + 1);
            }
            if held > LIMIT {
                std::process::abort();
            }
        }
    }

    fn shrink(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

// SAFETY: all is done by the system's allocator.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.grow(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.grow(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.shrink(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.grow(size);
        self.shrink(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
