use std::time::Duration;

/// The length of a bin.
pub const RAMP_BIN: Duration = Duration::from_millis(100);
const BIN_NS: u64 = RAMP_BIN.as_nanos() as u64;

/// What ended in one bin of a drive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bin {
    /// Rows read, those of multi-reads included.
    pub reads: u64,
    /// How many of them the cache had.
    pub hits: u64,
    /// How many of them the database was asked for since the cache had failed.
    pub fallbacks: u64,
    /// Operations of any kind that failed.
    pub failures: u64,
    /// Loads sent to the database.
    pub loads: u64,
}

impl Bin {
    /// All of them together.
    pub fn sum(bins: &[Bin]) -> Bin {
        bins.iter().fold(Bin::default(), |sum, bin| Bin {
            reads: sum.reads + bin.reads,
            hits: sum.hits + bin.hits,
            fallbacks: sum.fallbacks + bin.fallbacks,
            failures: sum.failures + bin.failures,
            loads: sum.loads + bin.loads,
        })
    }

    /// The share of reads that were hits; nothing without reads.
    pub fn hit_rate(&self) -> Option<f64> {
        (self.reads > 0).then(|| self.hits as f64 / self.reads as f64)
    }
}

/// What lanes see end, by the bin in which it did, from the start of a drive on.
#[derive(Clone, Debug, Default)]
pub struct ReadBins {
    /// The number of the first bin kept; those before had nothing.
    first: usize,
    bins: Vec<BinCounts>,
}

/// What ended in one bin, as lanes see it.
#[derive(Clone, Copy, Debug, Default)]
pub struct BinCounts {
    pub reads: u32,
    pub hits: u32,
    pub fallbacks: u32,
    pub failures: u32,
}

impl BinCounts {
    fn add(&mut self, other: BinCounts) {
        self.reads = self.reads.saturating_add(other.reads);
        self.hits = self.hits.saturating_add(other.hits);
        self.fallbacks = self.fallbacks.saturating_add(other.fallbacks);
        self.failures = self.failures.saturating_add(other.failures);
    }
}

impl ReadBins {
    /// Counts what ended so many nanoseconds after the start of the drive.
    pub fn record(&mut self, since: u64, seen: BinCounts) {
        self.at((since / BIN_NS) as usize).add(seen);
    }

    fn at(&mut self, bin: usize) -> &mut BinCounts {
        if self.bins.is_empty() {
            self.first = bin;
        } else if bin < self.first {
            // Calls are recorded in the order of their ends but for a few microseconds.
            self.bins.splice(0..0, std::iter::repeat_n(BinCounts::default(), self.first - bin));
            self.first = bin;
        }
        let place = bin - self.first;
        if place >= self.bins.len() {
            self.bins.resize(place + 1, BinCounts::default());
        }
        &mut self.bins[place]
    }

    pub fn merge(&mut self, other: &ReadBins) {
        for (place, seen) in other.bins.iter().enumerate() {
            self.at(other.first + place).add(*seen);
        }
    }

    /// Forgets everything but keeps its memory.
    pub fn clear(&mut self) {
        self.bins.clear();
    }

    /// Every bin from the start of the drive on, with the loads that fell into each.
    pub fn with_loads(&self, loads: &[u64]) -> Vec<Bin> {
        let end = if self.bins.is_empty() { 0 } else { self.first + self.bins.len() };
        let bin = |number: usize| {
            let place = number.checked_sub(self.first).and_then(|place| self.bins.get(place));
            let BinCounts { reads, hits, fallbacks, failures } = place.copied().unwrap_or_default();
            Bin {
                reads: reads.into(),
                hits: hits.into(),
                fallbacks: fallbacks.into(),
                failures: failures.into(),
                loads: loads.get(number).copied().unwrap_or(0),
            }
        };
        (0..end.max(loads.len())).map(bin).collect()
    }
}

/// A count that grows, by bin, from readings of it at any times.
#[derive(Debug, Default)]
pub struct Meter {
    /// The last reading: when, in nanoseconds, and what.
    last: (u64, u64),
    /// The count at the end of each bin that is over.
    ends: Vec<u64>,
}

impl Meter {
    /// Whether a bin has ended since the last reading.
    pub fn is_due(&self, at: Duration) -> bool {
        at >= RAMP_BIN * (self.ends.len() as u32 + 1)
    }

    /// The count had come to this so long after the start; it is taken to have grown evenly since the last reading.
    pub fn read(&mut self, at: Duration, count: u64) {
        let at = crate::model::nanos(at);
        let (before, counted) = self.last;
        let grown = count.saturating_sub(counted) as f64;
        while (self.ends.len() as u64 + 1) * BIN_NS <= at {
            let end = (self.ends.len() as u64 + 1) * BIN_NS;
            let share = end.saturating_sub(before) as f64 / at.saturating_sub(before).max(1) as f64;
            self.ends.push(counted + (grown * share.min(1.0)).round() as u64);
        }
        self.last = (at, count);
    }

    /// What it grew by in each bin; the last may have been short.
    pub fn by_bin(&self) -> Vec<u64> {
        let mut before = 0;
        let rest = self.ends.last().is_none_or(|end| *end < self.last.1).then_some(self.last.1);
        let ends = self.ends.iter().copied().chain(rest);
        ends.map(|end| end.saturating_sub(std::mem::replace(&mut before, end))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn seen(reads: u32, hits: u32) -> BinCounts {
        BinCounts { reads, hits, ..BinCounts::default() }
    }

    #[test]
    fn reads_stand_in_the_bin_in_which_they_ended_in_whatever_order_they_come() {
        let (mut one, mut other) = (ReadBins::default(), ReadBins::default());
        one.record(420 * MS, seen(1, 1));
        one.record(390 * MS, seen(1, 0));
        other.record(199 * MS, seen(10, 4));
        other.record(410 * MS, seen(1, 0));
        one.merge(&other);
        let bins = one.with_loads(&[0, 5, 0, 0, 0, 7]);
        let told: Vec<_> = bins.iter().map(|bin| (bin.reads, bin.hits, bin.loads)).collect();
        assert_eq!(told, [(0, 0, 0), (10, 4, 5), (0, 0, 0), (1, 0, 0), (2, 1, 0), (0, 0, 7)]);
        assert_eq!(Bin::sum(&bins), Bin { reads: 13, hits: 5, loads: 12, ..Bin::default() });
        one.clear();
        assert_eq!(one.with_loads(&[]), []);
        one.record(0, seen(1, 0));
        assert_eq!(one.with_loads(&[]).len(), 1);
    }

    #[test]
    fn a_late_reading_is_spread_over_the_bins_since_the_last() {
        let mut meter = Meter::default();
        let ms = Duration::from_millis;
        assert!(!meter.is_due(ms(99)) && meter.is_due(ms(100)));
        meter.read(ms(100), 40);
        meter.read(ms(250), 70);
        meter.read(ms(320), 77);
        meter.read(ms(330), 80);
        assert_eq!(meter.by_bin(), [40, 20, 15, 5]);
        assert_eq!(Meter::default().by_bin(), [0]);
    }
}
