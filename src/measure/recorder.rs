use hdrhistogram::Histogram;

use crate::model::{Failure, Kind, Served, Timing, nanos};

/// Which difference of instants a histogram holds; see [`Timing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    Response,
    Service,
    Lag,
}

impl Clock {
    pub const ALL: [Clock; 3] = [Clock::Response, Clock::Service, Clock::Lag];

    pub fn name(self) -> &'static str {
        match self {
            Clock::Response => "response",
            Clock::Service => "service",
            Clock::Lag => "lag",
        }
    }
}

/// An empty histogram of nanoseconds: 1 ns to 60 s at three significant digits, larger values cut.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("constant bounds that the crate accepts")
}

/// What one operation came to, as far as it is counted.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    pub kind: Kind,
    pub result: Result<Option<Served>, Failure>,
    /// No such row: a read found none, a write changed none.
    pub absent: bool,
    /// A body that nobody wrote under this key.
    pub corrupt: bool,
    /// Of the first read of a key since a write of it: whether the cache answered with that write or a later one.
    pub after_write: Option<bool>,
}

/// What happened to the operations of one thread and one window; merging adds up.
///
/// A failed operation counts in the latencies too: its caller waited.
#[derive(Clone, Default)]
pub struct Recorder {
    latency: [Option<Box<[Histogram<u64>; 3]>>; Kind::ALL.len()],
    served: [Option<Box<[Histogram<u64>; 2]>>; 3],
    pub absent: u64,
    pub corrupt: u64,
    pub after_write: u64,
    pub after_write_hits: u64,
    failed: [[u64; Failure::ALL.len()]; Kind::ALL.len()],
}

fn all<const N: usize>() -> Box<[Histogram<u64>; N]> {
    Box::new(std::array::from_fn(|_| histogram()))
}

impl Recorder {
    /// Counts one operation.
    pub fn record(&mut self, seen: Observation, timing: Timing) {
        let (response, service, lag) =
            (nanos(timing.response()), nanos(timing.service()), nanos(timing.lag()));
        let latency = self.latency[seen.kind as usize].get_or_insert_with(all::<3>);
        latency[0].saturating_record(response);
        latency[1].saturating_record(service);
        latency[2].saturating_record(lag);
        self.absent += u64::from(seen.absent);
        self.corrupt += u64::from(seen.corrupt);
        self.after_write += u64::from(seen.after_write.is_some());
        self.after_write_hits += u64::from(seen.after_write == Some(true));
        match seen.result {
            Ok(Some(served)) => {
                let served = self.served[served as usize].get_or_insert_with(all::<2>);
                served[0].saturating_record(response);
                served[1].saturating_record(service);
            }
            Ok(None) => {}
            Err(failure) => self.failed[seen.kind as usize][failure as usize] += 1,
        }
    }

    /// Adds what another recorder saw.
    pub fn merge(&mut self, other: &Recorder) {
        merge_into(&mut self.latency, &other.latency);
        merge_into(&mut self.served, &other.served);
        self.absent += other.absent;
        self.corrupt += other.corrupt;
        self.after_write += other.after_write;
        self.after_write_hits += other.after_write_hits;
        for (mine, theirs) in self.failed.iter_mut().flatten().zip(other.failed.iter().flatten()) {
            *mine += theirs;
        }
    }

    /// Forgets everything but keeps its memory.
    pub fn clear(&mut self) {
        self.latency.iter_mut().flatten().flat_map(|all| all.iter_mut()).for_each(Histogram::reset);
        self.served.iter_mut().flatten().flat_map(|all| all.iter_mut()).for_each(Histogram::reset);
        self.failed = Default::default();
        (self.absent, self.corrupt, self.after_write, self.after_write_hits) = (0, 0, 0, 0);
    }

    /// The latencies of a kind, in nanoseconds; `None` if there was no such operation.
    pub fn latency(&self, kind: Kind, clock: Clock) -> Option<&Histogram<u64>> {
        let histogram = &self.latency[kind as usize].as_ref()?[clock as usize];
        (!histogram.is_empty()).then_some(histogram)
    }

    /// The latencies of reads served this way, in nanoseconds: response or service.
    pub fn served_latency(&self, served: Served, clock: Clock) -> Option<&Histogram<u64>> {
        let histogram = self.served[served as usize].as_ref()?.get(clock as usize)?;
        (!histogram.is_empty()).then_some(histogram)
    }

    /// Operations of a kind, failed ones included.
    pub fn count(&self, kind: Kind) -> u64 {
        self.latency(kind, Clock::Response).map_or(0, Histogram::len)
    }

    /// All operations.
    pub fn operations(&self) -> u64 {
        Kind::ALL.into_iter().map(|kind| self.count(kind)).sum()
    }

    /// Reads served this way.
    pub fn served(&self, served: Served) -> u64 {
        self.served_latency(served, Clock::Response).map_or(0, Histogram::len)
    }

    /// Operations of a kind that failed in this way.
    pub fn failed(&self, kind: Kind, failure: Failure) -> u64 {
        self.failed[kind as usize][failure as usize]
    }

    /// All operations that failed.
    pub fn failures(&self) -> u64 {
        self.failed.iter().flatten().sum()
    }

    /// The lag of all kinds together, in nanoseconds.
    pub fn lag(&self) -> Histogram<u64> {
        let mut lag = histogram();
        for kind in Kind::ALL {
            if let Some(histogram) = self.latency(kind, Clock::Lag) {
                // Both have the same bounds, so nothing can fall outside.
                let _ = lag.add(histogram);
            }
        }
        lag
    }
}

fn merge_into<const N: usize, const M: usize>(
    into: &mut [Option<Box<[Histogram<u64>; N]>>; M],
    from: &[Option<Box<[Histogram<u64>; N]>>; M],
) {
    for (into, from) in into.iter_mut().zip(from) {
        let Some(from) = from else { continue };
        for (into, from) in into.get_or_insert_with(all::<N>).iter_mut().zip(from.iter()) {
            // Both have the same bounds, so nothing can fall outside.
            let _ = into.add(from);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn observation(kind: Kind, result: Result<Option<Served>, Failure>) -> Observation {
        Observation { kind, result, absent: false, corrupt: false, after_write: None }
    }

    fn timing(lag_ms: u64, service_ms: u64) -> Timing {
        let intended = Instant::now();
        let started = intended + Duration::from_millis(lag_ms);
        Timing { intended, started, finished: started + Duration::from_millis(service_ms) }
    }

    #[test]
    fn the_three_clocks_are_told_apart() {
        let mut recorder = Recorder::default();
        recorder.record(observation(Kind::Read, Ok(Some(Served::Miss))), timing(20, 10));
        let max = |clock| recorder.latency(Kind::Read, clock).unwrap().max() / 1_000_000;
        assert_eq!((max(Clock::Response), max(Clock::Service), max(Clock::Lag)), (30, 10, 20));
        assert_eq!((recorder.served(Served::Miss), recorder.served(Served::Hit)), (1, 0));
    }

    #[test]
    fn merging_adds_up_and_percentiles_come_from_the_whole() {
        let (mut low, mut high) = (Recorder::default(), Recorder::default());
        for ms in 1..=1_000 {
            low.record(observation(Kind::Read, Ok(Some(Served::Hit))), timing(0, ms));
            high.record(observation(Kind::Read, Ok(Some(Served::Hit))), timing(0, ms + 1_000));
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
        recorder.record(observation(Kind::Write, Err(Failure::Timeout)), timing(0, 5));
        assert_eq!(recorder.count(Kind::Write), 1);
        assert_eq!(recorder.failed(Kind::Write, Failure::Timeout), 1);
        assert_eq!(recorder.failures(), 1);
    }
}
