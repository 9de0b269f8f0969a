use std::time::Duration;

use hdrhistogram::Histogram;

use super::latencies::{add, histogram};
use super::{TIMELINE, Timeline};
use crate::model::{Timing, nanos};

/// The responses of reads of one row begun in the second from an expiry of their key, in nanoseconds.
#[derive(Clone)]
pub(super) struct Around {
    pub response: Histogram<u64>,
    /// By the bin of a [`Timeline`] in which they began; made with the first.
    bins: Box<[Option<Histogram<u64>>; TIMELINE]>,
}

/// An empty histogram of nanoseconds with the bounds of the others, at two significant digits.
fn small() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 2).expect("constant bounds that the crate accepts")
}

impl Default for Around {
    fn default() -> Around {
        Around { response: histogram(), bins: Box::new([const { None }; TIMELINE]) }
    }
}

impl Around {
    /// A read began so long after the expiry.
    pub fn record(&mut self, since: Duration, timing: Timing) {
        let Some(bin) = Timeline::bin(nanos(since)) else { return };
        self.response.saturating_record(timing.response());
        self.bins[bin].get_or_insert_with(small).saturating_record(timing.response());
    }

    pub fn merge(&mut self, other: &Around) {
        add(&mut self.response, &other.response);
        for (mine, theirs) in self.bins.iter_mut().zip(other.bins.iter()) {
            if let Some(theirs) = theirs.as_ref().filter(|theirs| !theirs.is_empty()) {
                add(mine.get_or_insert_with(small), theirs);
            }
        }
    }

    /// Forgets everything but keeps its memory.
    pub fn clear(&mut self) {
        if self.response.is_empty() {
            return;
        }
        self.response.reset();
        self.bins.iter_mut().flatten().for_each(Histogram::reset);
    }

    /// Those that began in a bin; nothing if there was none.
    pub fn bin(&self, bin: usize) -> Option<&Histogram<u64>> {
        self.bins.get(bin)?.as_ref().filter(|histogram| !histogram.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::recorder::took;

    #[test]
    fn reads_stand_in_the_bin_in_which_they_began() {
        let timing = took(Duration::from_millis(7));
        let (mut one, mut other) = (Around::default(), Around::default());
        one.record(Duration::from_millis(25), timing);
        other.record(Duration::from_millis(39), timing);
        other.record(Duration::from_secs(1), timing);
        one.merge(&other);
        let bin = one.bin(1).unwrap();
        assert_eq!((one.response.len(), bin.len()), (2, 2));
        assert!(one.bin(0).is_none());
        assert!((6_900_000..7_100_000).contains(&bin.value_at_quantile(0.5)));
        one.clear();
        assert!(one.bin(1).is_none() && one.response.is_empty());
    }
}
