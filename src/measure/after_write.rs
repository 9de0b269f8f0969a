use std::sync::atomic::{AtomicU8, Ordering};

/// Which rows have been written and not read since: what tells a read of a just-written key apart.
///
/// One byte a row. The first read that starts after a write was acknowledged is the one that counts.
pub struct AfterWrite {
    written: Box<[AtomicU8]>,
}

impl AfterWrite {
    /// Room for rows 0..`rows`; rows beyond are not followed.
    pub fn new(rows: u64) -> AfterWrite {
        AfterWrite { written: (0..rows).map(|_| AtomicU8::new(0)).collect() }
    }

    /// Notes that a write of the row was acknowledged.
    pub fn written(&self, row: u64) {
        if let Some(cell) = self.written.get(row as usize) {
            cell.store(1, Ordering::Relaxed);
        }
    }

    /// Whether this read is the first since a write of its row.
    pub fn first_read(&self, row: u64) -> bool {
        // The plain load keeps the line shared among readers in the common case.
        self.written
            .get(row as usize)
            .is_some_and(|cell| cell.load(Ordering::Relaxed) == 1 && cell.swap(0, Ordering::Relaxed) == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_read_after_a_write_counts() {
        let rows = AfterWrite::new(2);
        assert!(!rows.first_read(1));
        rows.written(1);
        assert!(!rows.first_read(0));
        assert!(rows.first_read(1));
        assert!(!rows.first_read(1));
        rows.written(9);
        assert!(!rows.first_read(9));
    }
}
