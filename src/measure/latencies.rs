use hdrhistogram::Histogram;

use crate::model::Timing;

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

/// The latencies of one class, in nanoseconds.
#[derive(Clone, Default)]
pub(super) struct Latencies {
    /// Of operations that started when they were meant to: response and service are the same, and there is no lag.
    prompt: Option<Box<Histogram<u64>>>,
    /// Of the others, by [`Clock`].
    late: Option<Box<[Histogram<u64>; Clock::ALL.len()]>>,
}

impl Latencies {
    pub fn record(&mut self, timing: Timing) {
        let lag = timing.lag();
        if lag == 0 {
            let prompt = self.prompt.get_or_insert_with(|| Box::new(histogram()));
            return prompt.saturating_record(timing.response());
        }
        let late = self.late.get_or_insert_with(|| Box::new(std::array::from_fn(|_| histogram())));
        late[Clock::Response as usize].saturating_record(timing.response());
        late[Clock::Service as usize].saturating_record(timing.service());
        late[Clock::Lag as usize].saturating_record(lag);
    }

    pub fn count(&self) -> u64 {
        let late = self.late.as_ref().map_or(0, |late| late[0].len());
        self.prompt.as_ref().map_or(0, |prompt| prompt.len()) + late
    }

    pub fn merge(&mut self, other: &Latencies) {
        if let Some(theirs) = other.prompt.as_ref().filter(|prompt| !prompt.is_empty()) {
            add(self.prompt.get_or_insert_with(|| Box::new(histogram())), theirs);
        }
        if let Some(theirs) = other.late.as_ref().filter(|late| !late[0].is_empty()) {
            let mine = self.late.get_or_insert_with(|| Box::new(std::array::from_fn(|_| histogram())));
            mine.iter_mut().zip(theirs.iter()).for_each(|(mine, theirs)| add(mine, theirs));
        }
    }

    /// Forgets everything but keeps its memory.
    pub fn clear(&mut self) {
        self.prompt.iter_mut().filter(|prompt| !prompt.is_empty()).for_each(|prompt| prompt.reset());
        let late = self.late.iter_mut().filter(|late| !late[0].is_empty());
        late.flat_map(|late| late.iter_mut()).for_each(Histogram::reset);
    }

    /// Adds one clock's latencies to a histogram.
    pub fn add_to(&self, all: &mut Histogram<u64>, clock: Clock) {
        match (&self.prompt, clock) {
            (Some(prompt), Clock::Response | Clock::Service) => add(all, prompt),
            (Some(prompt), Clock::Lag) => all.saturating_record_n(0, prompt.len()),
            (None, _) => {}
        }
        if let Some(late) = &self.late {
            add(all, &late[clock as usize]);
        }
    }
}

/// Adds one histogram of ours to another of the same digits.
pub(super) fn add(into: &mut Histogram<u64>, from: &Histogram<u64>) {
    // All have the same bounds, so nothing can fall outside.
    let _ = into.add(from);
}
