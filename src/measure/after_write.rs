use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Which rows have been written and not read since: what tells a read of a just-written key apart.
///
/// Four bytes a row: the acknowledged version, 0 once it has been read. The first read that starts after a
/// write was acknowledged is the one that counts.
pub struct AfterWrite {
    written: Box<[AtomicU32]>,
}

impl AfterWrite {
    /// Room for rows 0..`rows`; rows beyond are not followed.
    pub fn new(rows: u64) -> AfterWrite {
        AfterWrite { written: (0..rows).map(|_| AtomicU32::new(0)).collect() }
    }

    /// Notes that a write of the row was acknowledged as this version.
    pub fn written(&self, row: u64, version: u64) {
        if let Some(cell) = self.written.get(row as usize) {
            cell.store(u32::try_from(version).unwrap_or(u32::MAX), Relaxed);
        }
    }

    /// The version that was acknowledged, if this read is the first since.
    pub fn first_read(&self, row: u64) -> Option<u64> {
        let cell = self.written.get(row as usize)?;
        // The plain load keeps the line shared among readers in the common case.
        if cell.load(Relaxed) == 0 {
            return None;
        }
        Some(u64::from(cell.swap(0, Relaxed))).filter(|&version| version > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_read_after_a_write_counts() {
        let rows = AfterWrite::new(2);
        assert_eq!(rows.first_read(1), None);
        rows.written(1, 7);
        assert_eq!(rows.first_read(0), None);
        assert_eq!(rows.first_read(1), Some(7));
        assert_eq!(rows.first_read(1), None);
        rows.written(9, 1);
        assert_eq!(rows.first_read(9), None, "rows beyond the room are not followed");
    }
}
