use hdrhistogram::Histogram;

use super::latencies::histogram;
use super::{Freshness, Stale};

/// What was found of one read row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    pub freshness: Freshness,
    /// It misses what the same client has written.
    pub own_write_missed: bool,
    /// Of the first read of a row since a write of it: whether the cache answered with that write or a later one.
    pub after_write: Option<bool>,
}

/// What was found of the rows that one thread read in one window; merging adds up.
#[derive(Clone, Default)]
pub struct Judgements {
    pub judged: u64,
    pub stale: u64,
    pub non_monotonic: u64,
    pub own_write_missed: u64,
    pub future: u64,
    pub after_write: u64,
    pub after_write_hits: u64,
    /// Versions missed by stale reads: all together, and the most by one.
    pub behind: u64,
    pub most_behind: u64,
    /// How old stale versions were, made with the first of them.
    ages: Option<Box<Ages>>,
}

/// In nanoseconds.
#[derive(Clone)]
struct Ages {
    least: Histogram<u64>,
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
        let Judgement { freshness, own_write_missed, after_write } = judgement;
        self.judged += 1;
        self.non_monotonic += u64::from(freshness.non_monotonic);
        self.future += u64::from(freshness.future);
        self.own_write_missed += u64::from(*own_write_missed);
        self.after_write += u64::from(after_write.is_some());
        self.after_write_hits += u64::from(*after_write == Some(true));
        if let Some(Stale { behind, age_ns, age_at_most_ns }) = freshness.stale {
            let behind = u64::from(behind);
            self.stale += 1;
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
        self.non_monotonic += other.non_monotonic;
        self.own_write_missed += other.own_write_missed;
        self.future += other.future;
        self.after_write += other.after_write;
        self.after_write_hits += other.after_write_hits;
        self.behind += other.behind;
        self.most_behind = self.most_behind.max(other.most_behind);
        if let Some(theirs) = &other.ages {
            let mine = self.ages.get_or_insert_with(Ages::new);
            // All have the same bounds, so nothing can fall outside.
            let _ = mine.least.add(&theirs.least);
            let _ = mine.most.add(&theirs.most);
        }
    }

    /// For how long stale versions had been superseded at least, in nanoseconds; nothing if none was stale.
    pub fn ages(&self) -> Option<&Histogram<u64>> {
        self.ages.as_ref().map(|ages| &ages.least)
    }

    /// And at most, of those for which that is known.
    pub fn ages_at_most(&self) -> Option<&Histogram<u64>> {
        self.ages.as_ref().map(|ages| &ages.most).filter(|most| !most.is_empty())
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
        one.count(&Judgement { freshness, own_write_missed: true, after_write: Some(false) });
        other.count(&Judgement { after_write: Some(true), ..Judgement::default() });
        other.merge(&one);
        assert_eq!((other.judged, other.stale, other.non_monotonic, other.own_write_missed), (2, 1, 1, 1));
        assert_eq!(
            (other.behind, other.most_behind, other.after_write, other.after_write_hits),
            (3, 3, 2, 1)
        );
        assert_eq!(other.ages().map(Histogram::len), Some(1));
        assert!(other.ages_at_most().is_none(), "no upper bound was known");
    }
}
