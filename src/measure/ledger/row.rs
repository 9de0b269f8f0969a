use std::sync::atomic::{AtomicBool, AtomicU32};

/// One row's numbers, side by side: judging a read touches one line of the processor's cache.
#[repr(align(32))]
pub struct Row {
    /// The initial version and the writes begun since: no read may return more.
    pub begun: AtomicU32,
    /// The newest acknowledged version.
    pub written: AtomicU32,
    /// The newest version that a completed read returned.
    pub read: AtomicU32,
    /// Writes that were acknowledged with a version.
    pub acknowledged: AtomicU32,
    /// Writes of which nobody knows whether they took effect.
    pub indeterminate: AtomicU32,
    /// The newest version known to be in the database.
    pub stored: AtomicU32,
    /// The place of its ring, counted from 1; 0 while it has none. Changed under the lock of its stripe only.
    pub ring: AtomicU32,
    /// Whether nobody has begun to read it since a write was acknowledged.
    pub unread: AtomicBool,
}

impl Row {
    pub fn new(initial: u32) -> Row {
        Row {
            begun: AtomicU32::new(initial),
            written: AtomicU32::new(initial),
            read: AtomicU32::new(0),
            acknowledged: AtomicU32::new(0),
            indeterminate: AtomicU32::new(0),
            stored: AtomicU32::new(initial),
            ring: AtomicU32::new(0),
            unread: AtomicBool::new(false),
        }
    }
}
