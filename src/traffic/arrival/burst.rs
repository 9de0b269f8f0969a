use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rates;
use super::rates::Line;
use crate::model::{Rate, Time};

/// A part of every period in which the rate is a multiple of what it is otherwise.
///
/// It is the last part of the period, so a run begins with the plain rate, and the first burst comes at
/// `every - lasts`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// The period: from the start of one burst to the start of the next.
    pub every: Time,
    /// How long a burst lasts, at the end of its period.
    pub lasts: Time,
    /// What the rate is multiplied by during a burst; below 1 it is a lull.
    #[schemars(range(min = 0))]
    pub times: f64,
}

impl Rates {
    /// One rate with bursts, without end.
    pub fn bursting(Rate(rate): Rate, burst: &Burst) -> Rates {
        let (every, lasts) = (burst.every.0.as_secs_f64(), burst.lasts.0.as_secs_f64());
        let peak = rate * burst.times;
        Rates::again_and_again([
            Line { seconds: every - lasts, from: rate, to: rate },
            Line { seconds: lasts, from: peak, to: peak },
        ])
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::traffic::{Arrival, Schedule};

    fn bursting(times: f64) -> Rates {
        let burst =
            Burst { every: Time(Duration::from_secs(10)), lasts: Time(Duration::from_secs(1)), times };
        Rates::bursting(Rate(1_000.0), &burst)
    }

    /// Arrivals in each of the first 50 seconds; one at the very end of a second belongs to it.
    fn by_second(rates: Rates, arrival: Arrival) -> Vec<f64> {
        let mut counts = vec![0.0; 50];
        for at in Schedule::new(rates, arrival, 4) {
            match counts.get_mut(at.as_secs_f64().ceil() as usize - 1) {
                Some(count) => *count += 1.0,
                None => break,
            }
        }
        counts
    }

    #[test]
    fn the_last_second_of_every_period_has_the_burst() {
        for times in [5.0, 0.25, 0.0] {
            let expected: Vec<_> =
                (1..=50).map(|second| if second % 10 == 0 { 1_000.0 * times } else { 1_000.0 }).collect();
            assert_eq!(by_second(bursting(times), Arrival::Constant), expected);
            for (count, expected) in by_second(bursting(times), Arrival::Poisson).iter().zip(expected) {
                assert!((count - expected).abs() <= 5.0 * expected.sqrt(), "{count} against {expected}");
            }
        }
    }

    #[test]
    fn a_burst_of_1_changes_nothing() {
        let steady = Rates::steady(Rate(1_000.0));
        assert_eq!(by_second(bursting(1.0), Arrival::Poisson), by_second(steady, Arrival::Poisson));
    }

    #[test]
    fn bursts_do_not_drift() {
        // An hour has 360 periods of 9,000 + 5,000 arrivals.
        let schedule = Schedule::new(bursting(5.0), Arrival::Constant, 1);
        assert_eq!(schedule.expected(Duration::from_secs(3_600)), 360.0 * 14_000.0);
        assert_eq!(schedule.time_of(360 * 14_000), Some(Duration::from_secs(3_600)));
    }
}
