use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rates;
use crate::model::Rate;
use crate::traffic::{Random, Stream};

/// How the arrivals of an open loop are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Arrival {
    /// Independent arrivals: exponential gaps, as from many users.
    #[default]
    Poisson,
    /// Evenly spaced.
    Constant,
}

/// The intended start of every ticket, in order: absolute offsets from the start of the run.
///
/// Arrivals are the points of a unit-rate process carried through the inverse of the integrated rate,
/// so ramps keep their Poisson character and nothing drifts.
#[derive(Clone)]
pub struct Schedule {
    rates: Rates,
    arrival: Arrival,
    random: Random,
    /// Unit-rate time of the last arrival.
    unit_time: f64,
    /// Arrivals expected until the last one's time.
    expected: f64,
}

impl Schedule {
    /// Arrivals under these rates.
    pub fn new(rates: Rates, arrival: Arrival, seed: u64) -> Schedule {
        Schedule {
            rates,
            arrival,
            random: Random::new(seed, Stream::Arrival, 0),
            unit_time: 0.0,
            expected: 0.0,
        }
    }

    /// Arrivals at one rate, without end.
    pub fn steady(rate: Rate, arrival: Arrival, seed: u64) -> Schedule {
        Schedule::new(Rates::steady(rate), arrival, seed)
    }

    /// The next arrival: its time, and the gap before it in the unit-rate process, in which arrivals come one a
    /// second on average, as it follows from the times. Under [`Arrival::Poisson`] these gaps are exponential with
    /// mean 1, whatever the rate. Ends where the rate stays 0.
    pub fn next_arrival(&mut self) -> Option<(Duration, f64)> {
        let gap = match self.arrival {
            Arrival::Poisson => -self.random.unit().ln(),
            Arrival::Constant => 1.0,
        };
        self.unit_time += gap;
        let time = Duration::try_from_secs_f64(self.rates.time_of(self.unit_time)?).ok()?;
        // From the times rather than from the draw, so that a check of the gaps is one of the times.
        let before = std::mem::replace(&mut self.expected, self.rates.expected(time));
        Some((time, self.expected - before))
    }

    /// Whether the gaps are exponential in unit-rate time.
    pub fn is_poisson(&self) -> bool {
        self.arrival == Arrival::Poisson
    }

    /// How long the rates take; nothing where they have no end of their own.
    pub fn length(&self) -> Option<Duration> {
        self.rates.length()
    }

    /// Arrivals expected in the first `window` of the schedule.
    pub fn expected(&self, window: Duration) -> f64 {
        self.rates.expected(window)
    }

    /// How long so many arrivals are expected to take.
    pub fn time_of(&self, arrivals: u64) -> Option<Duration> {
        self.rates.time_of(arrivals as f64).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    /// The intended start of the next ticket.
    fn next(&mut self) -> Option<Duration> {
        self.next_arrival().map(|(time, _)| time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 100_000;

    /// The distance of the first gaps, in unit-rate time, to the exponential distribution with mean 1.
    fn distance_to_exponential(mut schedule: Schedule) -> f64 {
        let mut gaps: Vec<f64> =
            std::iter::from_fn(|| schedule.next_arrival()).take(N).map(|(_, gap)| gap).collect();
        gaps.sort_by(f64::total_cmp);
        let above = |(i, gap): (usize, &f64)| {
            let expected = 1.0 - (-gap).exp();
            (expected - i as f64 / N as f64).abs().max(((i + 1) as f64 / N as f64 - expected).abs())
        };
        gaps.iter().enumerate().map(above).fold(0.0, f64::max)
    }

    #[test]
    fn constant_arrivals_are_evenly_spaced() {
        let times: Vec<_> = Schedule::steady(Rate(1_000.0), Arrival::Constant, 1).take(3).collect();
        assert_eq!(times, [1, 2, 3].map(Duration::from_millis));
    }

    #[test]
    fn poisson_gaps_are_exponential_and_constant_ones_are_not() {
        let steady = |arrival| Schedule::steady(Rate(50_000.0), arrival, 1);
        // 0.02 is far beyond chance: the distance of 100,000 true draws exceeds it once in 10^34.
        let distance = distance_to_exponential(steady(Arrival::Poisson));
        assert!(distance <= 0.02, "Kolmogorov-Smirnov distance {distance}");
        let distance = distance_to_exponential(steady(Arrival::Constant));
        assert!(distance > 0.5, "Kolmogorov-Smirnov distance {distance}");
    }

    #[test]
    fn times_are_the_sums_of_the_unit_gaps_over_the_rate() {
        let mut schedule = Schedule::steady(Rate(50_000.0), Arrival::Poisson, 1);
        let mut sum = 0.0;
        for _ in 0..N {
            let (time, gap) = schedule.next_arrival().unwrap();
            sum += gap;
            assert!((time.as_secs_f64() - sum / 50_000.0).abs() < 1e-9, "{time:?} after {sum} unit gaps");
        }
    }

    #[test]
    fn a_clone_goes_on_with_the_same_arrivals() {
        let mut schedule = Schedule::steady(Rate(10.0), Arrival::Poisson, 3);
        schedule.by_ref().take(5).for_each(drop);
        assert!(schedule.clone().take(100).eq(schedule.take(100)));
    }

    #[test]
    fn a_count_is_expected_to_take_its_share_of_the_rate() {
        assert_eq!(
            Schedule::steady(Rate(200.0), Arrival::Poisson, 1).time_of(500),
            Some(Duration::from_millis(2_500))
        );
    }
}
