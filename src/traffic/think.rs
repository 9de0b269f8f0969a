use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Random, Stream};
use crate::model::Time;

/// How long a client of a closed loop thinks before each of its operations.
///
/// Timers tick once a millisecond and round up, so a pause takes up to 1 ms longer than it is said to here.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Think {
    /// Always as long.
    Fixed(Time),
    /// Exponentially distributed with this mean, as of many users who know nothing of each other.
    Exponential(Time),
}

impl Think {
    /// How long the pauses are on average.
    pub fn mean(&self) -> Time {
        match self {
            Think::Fixed(time) | Think::Exponential(time) => *time,
        }
    }

    /// One pause.
    pub fn pause(&self, random: &mut Random) -> Duration {
        match self {
            Think::Fixed(time) => time.0,
            Think::Exponential(mean) => {
                let seconds = -random.unit().ln() * mean.0.as_secs_f64();
                Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
            }
        }
    }
}

/// The pauses of a run: a pure function of the seed and the ticket.
#[derive(Clone, Copy, Debug)]
pub struct Pauses {
    think: Think,
    seed: u64,
}

impl Pauses {
    pub fn new(think: Think, seed: u64) -> Pauses {
        Pauses { think, seed }
    }

    /// The pause before the operation of a ticket.
    pub fn before(&self, ticket: u64) -> Duration {
        self.think.pause(&mut Random::new(self.seed, Stream::Think, ticket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEAN: Time = Time(Duration::from_millis(10));

    #[test]
    fn fixed_pauses_are_all_alike() {
        let pauses = Pauses::new(Think::Fixed(MEAN), 3);
        assert!((0..100).all(|ticket| pauses.before(ticket) == MEAN.0));
    }

    #[test]
    fn exponential_pauses_have_the_mean_and_the_tail_of_their_law() {
        let pauses = Pauses::new(Think::Exponential(MEAN), 3);
        let n = 100_000;
        let drawn: Vec<f64> = (0..n).map(|ticket| pauses.before(ticket).as_secs_f64()).collect();
        // The standard deviation of an exponential is its mean.
        let (mean, error) = (drawn.iter().sum::<f64>() / n as f64, 0.010 / (n as f64).sqrt());
        assert!((mean - 0.010).abs() < 4.0 * error, "{mean} ± {error}");
        let beyond = drawn.iter().filter(|&&pause| pause > 0.030).count() as f64 / n as f64;
        let expected = (-3.0f64).exp();
        let error = (expected * (1.0 - expected) / n as f64).sqrt();
        assert!((beyond - expected).abs() < 4.0 * error, "{beyond} against {expected} ± {error}");
    }

    #[test]
    fn a_ticket_always_thinks_as_long() {
        let one = Pauses::new(Think::Exponential(MEAN), 3);
        let other = Pauses::new(Think::Exponential(MEAN), 4);
        assert!((0..100).rev().all(|ticket| one.before(ticket) == one.before(ticket)));
        assert!((0..100).all(|ticket| one.before(ticket) != other.before(ticket)));
    }
}
