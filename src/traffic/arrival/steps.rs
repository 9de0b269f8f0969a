use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rates;
use super::rates::Line;
use crate::model::{Rate, Time};
use crate::traffic::{Random, Stream};

/// A staircase: one rate after the other, each for the same time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// Operations per second of each step.
    #[schemars(length(min = 1))]
    pub rates: Vec<Rate>,
    /// How long each step lasts.
    pub each: Time,
    /// In which order they come.
    #[serde(default)]
    pub order: Order,
}

/// The order of the steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// As written.
    #[default]
    Given,
    /// In an order drawn from the seed, so that what changes with time is not mistaken for what changes with the
    /// rate. Every cell and repeat has the same one.
    Shuffled,
}

impl Steps {
    /// The rates in the order in which they come.
    fn in_order(&self, seed: u64) -> Vec<Rate> {
        let mut rates = self.rates.clone();
        if self.order == Order::Shuffled {
            // Fisher and Yates.
            let mut random = Random::new(seed, Stream::Steps, 0);
            for last in (1..rates.len()).rev() {
                rates.swap(last, random.below(last as u64 + 1) as usize);
            }
        }
        rates
    }
}

impl Rates {
    /// The steps one after the other, then the rate of the last.
    pub fn stepped(steps: &Steps, seed: u64) -> Rates {
        let seconds = steps.each.0.as_secs_f64();
        let lines = steps.in_order(seed).into_iter().map(|Rate(rate)| Line { seconds, from: rate, to: rate });
        Rates::through(lines)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::traffic::{Arrival, Schedule};

    fn steps(rates: impl IntoIterator<Item = u32>, order: Order) -> Steps {
        let rates = rates.into_iter().map(|rate| Rate(f64::from(rate))).collect();
        Steps { rates, each: Time(Duration::from_secs(5)), order }
    }

    /// Arrivals in each step of five seconds; one at the very end of a step belongs to it.
    fn counts(steps: &Steps, arrival: Arrival) -> Vec<f64> {
        let mut counts = vec![0.0; steps.rates.len()];
        for at in Schedule::new(Rates::stepped(steps, 9), arrival, 9) {
            let step = (at.as_secs_f64() / 5.0).ceil() as usize - 1;
            match counts.get_mut(step) {
                Some(count) => *count += 1.0,
                None => break,
            }
        }
        counts
    }

    #[test]
    fn each_step_holds_its_arrivals() {
        for order in [Order::Given, Order::Shuffled] {
            let steps = steps([4_000, 1_000, 2_000], order);
            let expected: Vec<_> = steps.in_order(9).iter().map(|rate| rate.0 * 5.0).collect();
            assert_eq!(counts(&steps, Arrival::Constant), expected);
            for (count, expected) in counts(&steps, Arrival::Poisson).iter().zip(expected) {
                assert!((count - expected).abs() < 4.0 * expected.sqrt(), "{count} against {expected}");
            }
        }
    }

    #[test]
    fn a_shuffle_is_a_permutation_that_follows_from_the_seed() {
        let (given, shuffled) = (steps(1..=50, Order::Given), steps(1..=50, Order::Shuffled));
        assert_eq!(given.in_order(1), given.rates);
        assert_ne!(shuffled.in_order(1), shuffled.rates);
        assert_eq!(shuffled.in_order(1), shuffled.in_order(1));
        assert_ne!(shuffled.in_order(1), shuffled.in_order(2));
        let mut sorted = shuffled.in_order(1);
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(sorted, shuffled.rates);
    }

    #[test]
    fn every_order_is_as_likely_as_any() {
        let shuffled = steps([1, 2, 3], Order::Shuffled);
        let draws = 6_000;
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..draws {
            let order = shuffled.in_order(seed).iter().fold(0, |digits, rate| digits * 10 + rate.0 as u32);
            *counts.entry(order).or_insert(0.0) += 1.0;
        }
        assert_eq!(counts.len(), 6);
        let (expected, share) = (draws as f64 / 6.0, 1.0 / 6.0);
        let error = (draws as f64 * share * (1.0 - share)).sqrt();
        assert!(counts.values().all(|count: &f64| (count - expected).abs() < 4.0 * error), "{counts:?}");
    }
}
