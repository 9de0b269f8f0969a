use super::{Metrics, Unit};
use crate::model::Served;

/// What one row that was read came to, beside how it was served.
#[derive(Clone, Copy, Debug)]
pub struct RowRead {
    pub served: Served,
    /// Bytes of its body; 0 where there was no row.
    pub bytes: u64,
    /// Whether an entry of the row had been in the cache before the read was sent.
    pub entered: bool,
    /// Whether it was read by a scan.
    pub scans: bool,
}

/// What the rows that were read came to: bytes, misses by whether there had been an entry, and reads of a scan.
#[derive(Clone, Debug, Default)]
pub struct RowReads {
    /// By [`Served`].
    bytes: [u64; Served::ALL.len()],
    /// Misses of rows whose entry had never been in the cache, and of others.
    missed: [u64; 2],
    rows: u64,
    hits: u64,
    /// Those of a scan among them.
    scanned: u64,
    scanned_hits: u64,
}

impl RowReads {
    /// Counts a row that was read.
    pub fn count(&mut self, read: RowRead) {
        let hit = u64::from(read.served.is_hit());
        self.bytes[read.served as usize] += read.bytes;
        self.missed[usize::from(read.entered)] += u64::from(read.served == Served::Miss);
        (self.rows, self.hits) = (self.rows + 1, self.hits + hit);
        if read.scans {
            (self.scanned, self.scanned_hits) = (self.scanned + 1, self.scanned_hits + hit);
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &RowReads) {
        self.bytes.iter_mut().zip(other.bytes).for_each(|(mine, theirs)| *mine += theirs);
        self.missed.iter_mut().zip(other.missed).for_each(|(mine, theirs)| *mine += theirs);
        self.rows += other.rows;
        self.hits += other.hits;
        self.scanned += other.scanned;
        self.scanned_hits += other.scanned_hits;
    }

    /// Tells what was counted, if anything was read.
    pub fn tell(&self, metrics: &mut Metrics) {
        if self.rows == 0 {
            return;
        }
        let share = |count: u64, of: u64| count as f64 / of as f64;
        let bytes: u64 = self.bytes.iter().sum();
        let hit: u64 = [Served::Hit, Served::Near].map(|served| self.bytes[served as usize]).iter().sum();
        metrics.put("byte_hit_rate", share(hit, bytes), Unit::Ratio);
        metrics.put("read_bytes", bytes as f64, Unit::Bytes);
        metrics.put("misses.first", self.missed[0] as f64, Unit::Count);
        metrics.put("misses.again", self.missed[1] as f64, Unit::Count);
        if self.scanned > 0 {
            let (others, other_hits) = (self.rows - self.scanned, self.hits - self.scanned_hits);
            metrics.put("scan.count", self.scanned as f64, Unit::Count);
            metrics.put("scan.hit_rate", share(self.scanned_hits, self.scanned), Unit::Ratio);
            metrics.put("hit_rate_without_scan", share(other_hits, others), Unit::Ratio);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_misses_and_scans_are_told_apart() {
        let mut reads = RowReads::default();
        for (served, bytes, entered, scans) in [
            (Served::Hit, 300, true, false),
            (Served::Miss, 100, false, false),
            (Served::Miss, 50, true, true),
            (Served::Hit, 50, true, true),
            (Served::Miss, 0, false, true),
            (Served::Fallback, 100, true, false),
        ] {
            let mut one = RowReads::default();
            one.count(RowRead { served, bytes, entered, scans });
            reads.merge(&one);
        }
        let mut metrics = Metrics::default();
        reads.tell(&mut metrics);
        let told: Vec<_> = metrics.iter().map(|(name, metric)| (name, metric.value)).collect();
        let third = 1.0 / 3.0;
        let expected = [
            ("byte_hit_rate", 350.0 / 600.0),
            ("read_bytes", 600.0),
            ("misses.first", 2.0),
            ("misses.again", 1.0),
            ("scan.count", 3.0),
            ("scan.hit_rate", third),
            ("hit_rate_without_scan", third),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn where_nothing_was_read_nothing_is_told() {
        let mut metrics = Metrics::default();
        RowReads::default().tell(&mut metrics);
        assert_eq!(metrics, Metrics::default());
    }
}
