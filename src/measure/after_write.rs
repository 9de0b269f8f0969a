use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::AcqRel, Ordering::Relaxed};

/// Which rows have been written and not read since: what tells a read of a just-written key apart.
///
/// Four bytes and a bit for each row: the acknowledged version, 0 once it has been read, and whether there is one. The
/// bits of a hundred thousand rows stay in the processor's cache, where the versions would cost each read a miss. The
/// first read that starts after a write was acknowledged is the one that counts.
pub struct AfterWrite {
    pending: Box<[AtomicU64]>,
    written: Box<[AtomicU32]>,
}

impl AfterWrite {
    /// Room for rows 0..`rows`; rows beyond are not followed.
    pub fn new(rows: u64) -> AfterWrite {
        AfterWrite {
            pending: (0..rows.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            written: (0..rows).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Notes that a write of the row was acknowledged as this version.
    pub fn written(&self, row: u64, version: u64) {
        if let Some(cell) = self.written.get(row as usize) {
            cell.store(u32::try_from(version).unwrap_or(u32::MAX), Relaxed);
            // After the version, so that whoever finds the bit finds a version.
            self.pending[row as usize / 64].fetch_or(1 << (row % 64), AcqRel);
        }
    }

    /// The version that was acknowledged, if this read is the first since.
    pub fn first_read(&self, row: u64) -> Option<u64> {
        let (pending, bit) = (self.pending.get(row as usize / 64)?, 1 << (row % 64));
        // The plain load keeps the line shared among readers in the common case.
        if pending.load(Relaxed) & bit == 0 {
            return None;
        }
        // The bit before the version: a write between the two sets it again.
        pending.fetch_and(!bit, AcqRel);
        Some(u64::from(self.written.get(row as usize)?.swap(0, Relaxed))).filter(|&version| version > 0)
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
