//! What the rules do to numbers whose truth is known.

use super::{SignedRank, signed_rank};
use crate::traffic::{Random, Stream};

/// Normal noise from a seed.
pub(in crate::measure) struct Noise(Random);

impl Noise {
    pub(in crate::measure) fn new(seed: u64) -> Noise {
        Noise(Random::new(seed, Stream::Sample, 0))
    }

    pub(in crate::measure) fn unit(&mut self) -> f64 {
        self.0.unit()
    }

    /// A draw of mean 0 and deviation 1 (Box and Muller 1958).
    pub(in crate::measure) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.0.unit().ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * self.0.unit()).cos()
    }
}

const TRIALS: usize = 2_000;
/// Those of the figures that they are compared to, about.
const THEIRS: usize = 400;

/// How often the rule tells a regression, where pairs differ by `change` and scatter by `deviation`.
fn told(deviation: f64, pairs: usize, change: f64) -> f64 {
    let mut noise = Noise::new((deviation * 1e4) as u64 + pairs as u64);
    let limit = 1.05f64.ln();
    let regressed = (0..TRIALS).filter(|_| {
        let drawn: Vec<f64> = (0..pairs).map(|_| (1.0 + change).ln() + deviation * noise.normal()).collect();
        signed_rank(&drawn, 0.05).is_some_and(|found| found.estimate > limit && found.low > 0.0)
    });
    regressed.count() as f64 / TRIALS as f64
}

/// Within four standard errors of a figure of few trials, which may have seen none of what is rare.
#[track_caller]
fn is_about(found: f64, expected: f64) {
    let variance = (expected * (1.0 - expected)).max(0.002);
    let error = (variance * (1.0 / TRIALS as f64 + 1.0 / THEIRS as f64)).sqrt();
    assert!((found - expected).abs() <= 4.0 * error, "{found} is not {expected}");
}

#[test]
fn the_rule_tells_as_many_regressions_as_its_power_table_says() {
    for (deviation, pairs, wrong, ten, fifteen) in [
        (0.03, 6, 0.0, 1.00, 1.00),
        (0.05, 6, 0.004, 0.87, 0.99),
        (0.05, 8, 0.001, 0.99, 1.00),
        (0.10, 6, 0.010, 0.34, 0.63),
        (0.10, 8, 0.023, 0.60, 0.92),
        (0.10, 10, 0.016, 0.72, 0.97),
    ] {
        is_about(told(deviation, pairs, 0.0), wrong);
        is_about(told(deviation, pairs, 0.10), ten);
        is_about(told(deviation, pairs, 0.15), fifteen);
    }
}

/// How often base and head are told apart at 5 %, though they are the same program on a machine that slows down.
fn told_apart(interleaved: bool) -> f64 {
    const RUNS: usize = 20;
    let mut noise = Noise::new(11);
    let rejected = (0..400).filter(|_| {
        let runs: Vec<f64> = (0..2 * RUNS).map(|run| 0.005 * run as f64 + 0.01 * noise.normal()).collect();
        let pair = |block: usize| {
            // The order within a pair is drawn.
            let swap = usize::from(noise.unit() < 0.5);
            match interleaved {
                true => runs[2 * block + 1 - swap] - runs[2 * block + swap],
                false => runs[RUNS + block] - runs[block],
            }
        };
        let differences: Vec<f64> = (0..RUNS).map(pair).collect();
        signed_rank(&differences, 0.05).is_some_and(|SignedRank { p, .. }| p <= 0.05)
    });
    rejected.count() as f64 / 400.0
}

#[test]
fn under_a_drift_interleaved_runs_are_alike_and_runs_in_blocks_are_not() {
    assert!(told_apart(false) > 0.98);
    let interleaved = told_apart(true);
    assert!((0.01..0.09).contains(&interleaved), "{interleaved}");
}
