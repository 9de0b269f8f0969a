use std::time::Duration;

/// Bins of the second from the beginning of an epoch.
pub const TIMELINE: usize = 50;
/// The length of a bin.
pub const BIN: Duration = Duration::from_millis(20);
const BIN_NS: u64 = BIN.as_nanos() as u64;

/// What was under way in the second from an expiry, summed over epochs.
///
/// What lies beyond the second is cut off, so that a load touches every bin once at most, however long it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// Loads that began in each bin.
    pub begun: [u64; TIMELINE],
    /// Nanoseconds of loads under way in each bin.
    pub under_way: [u64; TIMELINE],
}

impl Default for Timeline {
    fn default() -> Timeline {
        Timeline { begun: [0; TIMELINE], under_way: [0; TIMELINE] }
    }
}

impl Timeline {
    /// The bin of a time since the beginning of an epoch, in nanoseconds; nothing beyond the second.
    pub fn bin(since: u64) -> Option<usize> {
        usize::try_from(since / BIN_NS).ok().filter(|&bin| bin < TIMELINE)
    }

    /// A load began so many nanoseconds after the beginning of its epoch.
    pub(super) fn begin(&mut self, since: u64) {
        if let Some(bin) = Timeline::bin(since) {
            self.begun[bin] += 1;
        }
    }

    /// A load was under way from one time since the beginning of its epoch to another, in nanoseconds.
    pub(super) fn run(&mut self, from: u64, to: u64) {
        let Some(first) = Timeline::bin(from) else { return };
        for bin in first..TIMELINE {
            let (start, end) = (bin as u64 * BIN_NS, (bin as u64 + 1) * BIN_NS);
            self.under_way[bin] += to.min(end).saturating_sub(from.max(start));
            if to <= end {
                break;
            }
        }
    }

    pub fn add(&mut self, other: &Timeline) {
        self.begun.iter_mut().zip(other.begun).for_each(|(mine, theirs)| *mine += theirs);
        self.under_way.iter_mut().zip(other.under_way).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// Loads under way in a bin on average, for one of so many epochs.
    pub fn in_flight(&self, bin: usize, epochs: u64) -> f64 {
        self.under_way[bin] as f64 / (epochs as f64 * BIN_NS as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_load_fills_every_bin_and_nothing_beyond() {
        let mut timeline = Timeline::default();
        timeline.begin(30_000_000);
        timeline.run(30_000_000, 3_600_000_000_000);
        assert_eq!((timeline.begun[0], timeline.begun[1]), (0, 1));
        assert_eq!((timeline.under_way[0], timeline.under_way[1]), (0, 10_000_000));
        assert!(timeline.under_way[2..].iter().all(|&ns| ns == 20_000_000));
    }

    #[test]
    fn a_load_counts_in_each_bin_as_long_as_it_was_under_way_there() {
        let mut timeline = Timeline::default();
        timeline.run(15_000_000, 45_000_000);
        assert_eq!(timeline.under_way[..4], [5_000_000, 20_000_000, 5_000_000, 0]);
        assert_eq!(timeline.in_flight(1, 2), 0.5);
        timeline.run(2_000_000_000, 3_000_000_000);
        assert_eq!(timeline.under_way.iter().sum::<u64>(), 30_000_000);
    }
}
