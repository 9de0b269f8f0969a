use std::time::Duration;

use hdrhistogram::Histogram;

use super::latencies::{Clock, Latencies, histogram};
use super::{Around, Judgement, Judgements, Observation, ReadBins, RowReads, Rows};
use crate::model::{Failure, Kind, Served, Timing};

/// The kind of an operation and, of a read, how it ended: each operation is recorded under one class.
///
/// The latencies of all reads are the sum of their classes', so that recording touches as little as it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Served(Served),
    FailedRead,
    Other(Kind),
}

impl Class {
    const COUNT: usize = 1 + Served::ALL.len() + Kind::ALL.len();

    fn of(seen: &Observation) -> Class {
        match (seen.kind, seen.result) {
            (Kind::Read, Ok(Some(served))) => Class::Served(served),
            (Kind::Read, _) => Class::FailedRead,
            (kind, _) => Class::Other(kind),
        }
    }

    fn index(self) -> usize {
        match self {
            Class::FailedRead => 0,
            Class::Served(served) => 1 + served as usize,
            Class::Other(kind) => 1 + Served::ALL.len() + kind as usize,
        }
    }

    /// The classes that the operations of a kind fall into.
    fn all_of(kind: Kind) -> impl Iterator<Item = Class> {
        let reads = Served::ALL.into_iter().map(Class::Served).chain([Class::FailedRead]);
        let is_read = kind == Kind::Read;
        reads.filter(move |_| is_read).chain((!is_read).then_some(Class::Other(kind)))
    }
}

/// What happened to the operations of one thread and one window; merging adds up.
///
/// A failed operation counts in the latencies too: its caller waited.
#[derive(Clone, Default)]
pub struct Recorder {
    /// By class; a class's histograms are made when it first occurs.
    latency: [Latencies; Class::COUNT],
    pub absent: u64,
    /// Decrements that found too few units.
    pub refused: u64,
    pub corrupt: u64,
    /// Of every row that was read.
    pub(super) judgements: Judgements,
    /// RowReads by the time at which they ended.
    pub bins: ReadBins,
    /// Of every row that was read.
    pub reads: RowReads,
    /// Of stale reads of one row, which stand in their classes too.
    stale: Latencies,
    /// Of reads of one row soon after an expiry of their key, which stand in their classes too; made with the first.
    around: Option<Box<Around>>,
    /// Rows of multi-reads asked for, and those served, by [`Served`].
    rows_asked: u64,
    rows_served: [u64; Served::ALL.len()],
    failed: [[u64; Failure::ALL.len()]; Kind::ALL.len()],
}

impl Recorder {
    /// Counts one operation.
    pub fn record(&mut self, seen: Observation, timing: Timing) {
        self.latency[Class::of(&seen).index()].record(timing);
        self.absent += u64::from(seen.absent);
        self.refused += u64::from(seen.refused);
        self.corrupt += u64::from(seen.corrupt);
        if let Err(failure) = seen.result {
            self.failed[seen.kind as usize][failure as usize] += 1;
        }
    }

    /// Counts what was found of one row that an operation read; the timing is that of a read of one row.
    pub fn judge(&mut self, judgement: &Judgement, timing: Option<Timing>) {
        self.judgements.count(judgement);
        if let (Some(timing), Some(_)) = (timing, judgement.freshness.stale) {
            self.stale.record(timing);
        }
    }

    /// Counts a read of one row that began so long after an expiry of its key.
    pub fn around(&mut self, since: Duration, timing: Timing) {
        self.around.get_or_insert_default().record(since, timing);
    }

    /// Counts the rows of a multi-read, besides the operation itself.
    pub fn record_rows(&mut self, rows: &Rows) {
        self.rows_asked += rows.asked;
        self.rows_served.iter_mut().zip(rows.served).for_each(|(mine, theirs)| *mine += theirs);
        self.absent += rows.absent;
        self.corrupt += rows.corrupt;
    }

    /// Adds what another recorder saw.
    pub fn merge(&mut self, other: &Recorder) {
        self.latency.iter_mut().zip(&other.latency).for_each(|(mine, theirs)| mine.merge(theirs));
        self.absent += other.absent;
        self.refused += other.refused;
        self.corrupt += other.corrupt;
        self.judgements.merge(&other.judgements);
        self.bins.merge(&other.bins);
        self.reads.merge(&other.reads);
        self.stale.merge(&other.stale);
        if let Some(around) = other.around.as_ref().filter(|around| !around.response.is_empty()) {
            self.around.get_or_insert_default().merge(around);
        }
        self.rows_asked += other.rows_asked;
        self.rows_served.iter_mut().zip(other.rows_served).for_each(|(mine, theirs)| *mine += theirs);
        for (mine, theirs) in self.failed.iter_mut().flatten().zip(other.failed.iter().flatten()) {
            *mine += theirs;
        }
    }

    /// Forgets everything but keeps its memory.
    pub fn clear(&mut self) {
        self.latency.iter_mut().for_each(Latencies::clear);
        self.failed = Default::default();
        self.judgements = Judgements::default();
        self.bins.clear();
        self.reads = RowReads::default();
        self.stale.clear();
        self.around.iter_mut().for_each(|around| around.clear());
        (self.absent, self.refused, self.corrupt) = (0, 0, 0);
        (self.rows_asked, self.rows_served) = (0, Default::default());
    }

    /// One clock's latencies of some classes together; nothing if there was no such operation.
    fn sum(&self, classes: impl Iterator<Item = Class>, clock: Clock) -> Option<Histogram<u64>> {
        let mut all = histogram();
        classes.for_each(|class| self.latency[class.index()].add_to(&mut all, clock));
        (!all.is_empty()).then_some(all)
    }

    /// The latencies of a kind, in nanoseconds; nothing if there was no such operation.
    pub fn latency(&self, kind: Kind, clock: Clock) -> Option<Histogram<u64>> {
        self.sum(Class::all_of(kind), clock)
    }

    /// The latencies of reads served this way, in nanoseconds.
    pub(super) fn served_latency(&self, served: Served, clock: Clock) -> Option<Histogram<u64>> {
        self.sum(std::iter::once(Class::Served(served)), clock)
    }

    /// The latencies of stale reads of one row, in nanoseconds; nothing if there was none.
    pub(super) fn stale_latency(&self, clock: Clock) -> Option<Histogram<u64>> {
        let mut all = histogram();
        self.stale.add_to(&mut all, clock);
        (!all.is_empty()).then_some(all)
    }

    /// The responses of reads of one row begun in the second from an expiry of their key; nothing if there was none.
    pub(super) fn around_expiry(&self) -> Option<&Around> {
        self.around.as_deref().filter(|around| !around.response.is_empty())
    }

    /// Operations of a kind, failed ones included.
    pub fn count(&self, kind: Kind) -> u64 {
        Class::all_of(kind).map(|class| self.latency[class.index()].count()).sum()
    }

    /// All operations.
    pub fn operations(&self) -> u64 {
        Kind::ALL.into_iter().map(|kind| self.count(kind)).sum()
    }

    /// RowReads served this way.
    pub fn served(&self, served: Served) -> u64 {
        self.latency[Class::Served(served).index()].count()
    }

    /// Rows that multi-reads asked for.
    pub(super) fn rows_asked(&self) -> u64 {
        self.rows_asked
    }

    /// Rows of multi-reads served this way.
    pub(super) fn rows_served(&self, served: Served) -> u64 {
        self.rows_served[served as usize]
    }

    /// Operations of a kind that failed in this way.
    pub fn failed(&self, kind: Kind, failure: Failure) -> u64 {
        self.failed[kind as usize][failure as usize]
    }

    /// All operations that failed.
    pub fn failures(&self) -> u64 {
        self.failed.iter().flatten().sum()
    }

    /// One clock of all kinds together, in nanoseconds.
    pub fn all(&self, clock: Clock) -> Histogram<u64> {
        let mut all = histogram();
        self.latency.iter().for_each(|latencies| latencies.add_to(&mut all, clock));
        all
    }
}

/// The timing of an operation that started when it was meant to.
#[cfg(test)]
pub(super) fn took(service: Duration) -> Timing {
    let started = crate::model::Moment::now();
    Timing { intended: started, started, finished: started + service }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Moment;

    fn timing(lag_ms: u64, service_ms: u64) -> Timing {
        let intended = Moment::now();
        let started = intended + Duration::from_millis(lag_ms);
        Timing { intended, started, finished: started + Duration::from_millis(service_ms) }
    }

    #[test]
    fn the_three_clocks_are_told_apart() {
        let mut recorder = Recorder::default();
        recorder.record(Observation::of(Kind::Read, Ok(Some(Served::Miss))), timing(20, 10));
        let max = |clock| recorder.latency(Kind::Read, clock).unwrap().max() / 1_000_000;
        assert_eq!((max(Clock::Response), max(Clock::Service), max(Clock::Lag)), (30, 10, 20));
        assert_eq!((recorder.served(Served::Miss), recorder.served(Served::Hit)), (1, 0));
    }

    #[test]
    fn merging_adds_up_and_percentiles_come_from_the_whole() {
        let (mut low, mut high) = (Recorder::default(), Recorder::default());
        for ms in 1..=1_000 {
            low.record(Observation::of(Kind::Read, Ok(Some(Served::Hit))), timing(0, ms));
            high.record(Observation::of(Kind::Read, Ok(Some(Served::Hit))), timing(0, ms + 1_000));
        }
        low.merge(&high);
        let p99 = low.latency(Kind::Read, Clock::Response).unwrap().value_at_quantile(0.99);
        assert!((1_978_000_000..1_983_000_000).contains(&p99), "{p99}");
        low.clear();
        assert_eq!(low.operations(), 0);
    }

    #[test]
    fn a_failure_counts_as_an_operation() {
        let mut recorder = Recorder::default();
        recorder.record(Observation::of(Kind::Write, Err(Failure::Timeout)), timing(0, 5));
        assert_eq!(recorder.count(Kind::Write), 1);
        assert_eq!(recorder.failed(Kind::Write, Failure::Timeout), 1);
        assert_eq!(recorder.failures(), 1);
    }

    #[test]
    fn rows_of_multi_reads_add_up_and_are_forgotten() {
        let rows = Rows { asked: 4, served: [2, 1, 0, 0], absent: 1, corrupt: 1 };
        let (mut one, mut other) = (Recorder::default(), Recorder::default());
        one.record_rows(&rows);
        other.record_rows(&rows);
        one.merge(&other);
        let served = Served::ALL.map(|served| one.rows_served(served));
        assert_eq!((one.rows_asked(), served, one.absent, one.corrupt), (8, [4, 2, 0, 0], 2, 2));
        one.clear();
        assert_eq!((one.rows_asked(), one.rows_served(Served::Hit)), (0, 0));
    }
}
