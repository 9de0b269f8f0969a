use hdrhistogram::Histogram;

use super::latencies::{add, histogram};
use super::{Freshness, Metrics, Stale, Unit};
use crate::model::Served;

/// What was found of one read row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub freshness: Freshness,
    /// It misses what the same client has written.
    pub own_write_missed: bool,
    /// Of the first read of a row since a write of it: whether the cache answered with that write or a later one.
    pub after_write: Option<bool>,
    /// Who answered.
    pub served: Served,
}

/// Of a fresh row that the cache had.
impl Default for Judgement {
    fn default() -> Judgement {
        let freshness = Freshness::default();
        Judgement { freshness, own_write_missed: false, after_write: None, served: Served::Hit }
    }
}

/// What was found of the rows that one thread read in one window; merging adds up.
#[derive(Clone, Default)]
pub(super) struct Judgements {
    judged: u64,
    stale: u64,
    /// Rows that a near cache answered.
    near: u64,
    /// Stale ones of a near cache, and of the cache behind it.
    stale_near: u64,
    stale_cached: u64,
    non_monotonic: u64,
    own_write_missed: u64,
    future: u64,
    after_write: u64,
    after_write_hits: u64,
    /// Versions missed by stale reads: all together, and the most by one.
    behind: u64,
    most_behind: u64,
    /// How old stale versions were, made with the first of them.
    ages: Option<Box<Ages>>,
}

/// For how long stale versions had been superseded, in nanoseconds.
#[derive(Clone)]
struct Ages {
    /// At least.
    least: Histogram<u64>,
    /// And at most, of those for which that is known.
    most: Histogram<u64>,
}

impl Ages {
    fn new() -> Box<Ages> {
        Box::new(Ages { least: histogram(), most: histogram() })
    }
}

impl Judgements {
    /// Counts one row.
    pub fn count(&mut self, judgement: &Judgement) {
        let Judgement { freshness, own_write_missed, after_write, served } = judgement;
        self.judged += 1;
        self.near += u64::from(*served == Served::Near);
        self.non_monotonic += u64::from(freshness.non_monotonic);
        self.future += u64::from(freshness.future);
        self.own_write_missed += u64::from(*own_write_missed);
        self.after_write += u64::from(after_write.is_some());
        self.after_write_hits += u64::from(*after_write == Some(true));
        if let Some(Stale { behind, age_ns, age_at_most_ns }) = freshness.stale {
            let behind = u64::from(behind);
            self.stale += 1;
            self.stale_near += u64::from(*served == Served::Near);
            self.stale_cached += u64::from(*served == Served::Hit);
            self.behind += behind;
            self.most_behind = self.most_behind.max(behind);
            let ages = self.ages.get_or_insert_with(Ages::new);
            ages.least.saturating_record(age_ns);
            if let Some(most) = age_at_most_ns {
                ages.most.saturating_record(most);
            }
        }
    }

    /// Adds what another has found.
    pub fn merge(&mut self, other: &Judgements) {
        self.judged += other.judged;
        self.stale += other.stale;
        self.near += other.near;
        self.stale_near += other.stale_near;
        self.stale_cached += other.stale_cached;
        self.non_monotonic += other.non_monotonic;
        self.own_write_missed += other.own_write_missed;
        self.future += other.future;
        self.after_write += other.after_write;
        self.after_write_hits += other.after_write_hits;
        self.behind += other.behind;
        self.most_behind = self.most_behind.max(other.most_behind);
        if let Some(theirs) = &other.ages {
            let mine = self.ages.get_or_insert_with(Ages::new);
            add(&mut mine.least, &theirs.least);
            add(&mut mine.most, &theirs.most);
        }
    }

    /// Adds what was found to the metrics, if any row was judged; of the percentiles, those with so many stale reads
    /// `beyond` them.
    pub(super) fn tell(&self, metrics: &mut Metrics, beyond: f64) {
        let share = |count: u64, of: u64| count as f64 / of as f64;
        metrics.put("hit_rate_after_write", share(self.after_write_hits, self.after_write), Unit::Ratio);
        if self.judged == 0 {
            return;
        }
        metrics.put("stale_reads", self.stale as f64, Unit::Count);
        metrics.put("stale_rate", share(self.stale, self.judged), Unit::Ratio);
        if self.near > 0 {
            metrics.put("stale_reads.near", self.stale_near as f64, Unit::Count);
            metrics.put("stale_reads.cache", self.stale_cached as f64, Unit::Count);
        }
        metrics.put("non_monotonic_reads", self.non_monotonic as f64, Unit::Count);
        metrics.put("read_your_writes_violations", self.own_write_missed as f64, Unit::Count);
        metrics.put("future_reads", self.future as f64, Unit::Count);
        let Some(ages) = &self.ages else { return };
        metrics.put("versions_behind.mean", share(self.behind, self.stale), Unit::Count);
        metrics.put("versions_behind.max", self.most_behind as f64, Unit::Count);
        metrics.put_latency_beyond("stale_age", &ages.least, beyond);
        if !ages.most.is_empty() {
            metrics.put_latency_beyond("stale_age_at_most", &ages.most, beyond);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judgements_add_up() {
        let stale = Some(Stale { behind: 3, age_ns: 5_000_000, age_at_most_ns: None });
        let freshness = Freshness { stale, non_monotonic: true, future: false };
        let (mut one, mut other) = (Judgements::default(), Judgements::default());
        one.count(&Judgement {
            freshness,
            own_write_missed: true,
            after_write: Some(false),
            served: Served::Near,
        });
        other.count(&Judgement { after_write: Some(true), ..Judgement::default() });
        other.merge(&one);
        assert_eq!((other.judged, other.stale, other.non_monotonic, other.own_write_missed), (2, 1, 1, 1));
        assert_eq!((other.near, other.stale_near, other.stale_cached), (1, 1, 0));
        assert_eq!(
            (other.behind, other.most_behind, other.after_write, other.after_write_hits),
            (3, 3, 2, 1)
        );
        let ages = other.ages.unwrap();
        assert_eq!((ages.least.len(), ages.most.len()), (1, 0), "no upper bound was known");
    }
}
