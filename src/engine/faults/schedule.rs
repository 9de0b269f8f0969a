use std::time::Duration;

use super::{Fault, When};
use crate::traffic::{Random, Stream};

/// When each fault happens, in the order of time: a pure function of the faults and the seed. Endless where one of them
/// happens again and again.
pub struct Occurrences<'a> {
    faults: &'a [Fault],
    seed: u64,
    /// For each fault when it happens next, and in which of its periods.
    next: Vec<Option<(Duration, u32)>>,
}

impl<'a> Occurrences<'a> {
    pub fn new(faults: &'a [Fault], seed: u64) -> Occurrences<'a> {
        let mut occurrences = Occurrences { faults, seed, next: Vec::new() };
        occurrences.next = (0..faults.len()).map(|index| Some((occurrences.time(index, 0), 0))).collect();
        occurrences
    }

    /// When a fault happens in one of its periods.
    fn time(&self, index: usize, period: u32) -> Duration {
        let fault = &self.faults[index];
        match fault.when {
            When::At(at) => at,
            When::Every(every) => {
                let number = ((index as u64) << 32) | u64::from(period);
                let share = Random::new(self.seed, Stream::Fault, number).unit();
                // It is over before the next begins.
                every * period + every.saturating_sub(fault.lasts()).mul_f64(share)
            }
        }
    }
}

impl Iterator for Occurrences<'_> {
    /// The time, and the fault by its place.
    type Item = (Duration, usize);

    fn next(&mut self) -> Option<(Duration, usize)> {
        let due = self.next.iter().enumerate().filter_map(|(index, next)| Some((next.as_ref()?, index)));
        let (&(at, period), index) = due.min_by_key(|((at, _), index)| (*at, *index))?;
        let again =
            matches!(self.faults[index].when, When::Every(_)).then(|| period.checked_add(1)).flatten();
        self.next[index] = again.map(|period| (self.time(index, period), period));
        Some((at, index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::faults::{Action, Victim};

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn faults() -> [Fault; 3] {
        let kill = Action::Kill { lasts: Some(Duration::from_millis(500)) };
        [
            Fault { when: When::Every(seconds(12)), action: kill, victim: Victim::Cache },
            Fault { when: When::At(seconds(20)), action: Action::Flush, victim: Victim::Cache },
            Fault { when: When::Every(seconds(30)), action: Action::Restart, victim: Victim::Database },
        ]
    }

    fn within(limit: u64, seed: u64) -> Vec<(Duration, usize)> {
        let faults = faults();
        let all = Occurrences::new(&faults, seed);
        all.take_while(|(at, _)| *at <= seconds(limit)).collect()
    }

    #[test]
    fn five_minutes_of_a_seed_are_the_same_every_time_and_those_of_another_are_not() {
        let all = within(300, 42);
        assert_eq!(all.len(), 25 + 1 + 10);
        assert_eq!(all, within(300, 42));
        assert_ne!(all, within(300, 43));
        assert!(all.is_sorted_by_key(|(at, _)| *at));
    }

    #[test]
    fn each_period_has_one_that_is_over_before_the_next_begins() {
        let kills: Vec<Duration> =
            within(1_200, 7).into_iter().filter(|(_, index)| *index == 0).map(|(at, _)| at).collect();
        assert_eq!(kills.len(), 100);
        for (period, at) in kills.iter().enumerate() {
            let begin = seconds(12) * period as u32;
            assert!(*at >= begin && *at + Duration::from_millis(500) <= begin + seconds(12), "{at:?}");
        }
    }

    #[test]
    fn what_happens_once_comes_once() {
        let faults = [faults()[1]];
        assert_eq!(Occurrences::new(&faults, 1).collect::<Vec<_>>(), [(seconds(20), 0)]);
    }
}
