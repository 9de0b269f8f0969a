use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Recorder;

/// A point of a cumulative distribution of latencies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CurvePoint {
    /// The share of operations that took no longer, from 0 to 1.
    pub quantile: f64,
    /// How long, in microseconds.
    pub us: f64,
}

/// Points between one halving of the rest and the next: 50 %, 75 %, 87.5 % …
const STEPS: u32 = 4;
/// A point has so many operations beyond it; the last is the longest of all.
const BEYOND: u64 = 100;

/// The distributions of a measurement by the names of its histograms: `read.response`, `read.hit.response` …
pub fn curves(recorder: &Recorder) -> BTreeMap<String, Vec<CurvePoint>> {
    recorder.histograms().into_iter().map(|(name, values)| (name, curve(&values))).collect()
}

fn curve(histogram: &Histogram<u64>) -> Vec<CurvePoint> {
    let us = |nanoseconds: u64| nanoseconds as f64 / 1e3;
    let mut points = vec![CurvePoint { quantile: 0.0, us: us(histogram.min()) }];
    let (all, mut passed) = (histogram.len(), 0);
    for step in histogram.iter_quantiles(STEPS) {
        passed += step.count_since_last_iteration();
        if all - passed < BEYOND {
            break;
        }
        let quantile = passed as f64 / all as f64;
        points.push(CurvePoint { quantile, us: us(step.value_iterated_to()) });
    }
    points.push(CurvePoint { quantile: 1.0, us: us(histogram.max()) });
    points.dedup();
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_from_the_least_to_the_most_and_guesses_nothing_between() {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).unwrap();
        (1..=10_000u64).for_each(|us| histogram.record(us * 1_000).unwrap());
        let points = curve(&histogram);
        assert!(points.is_sorted_by(|one, next| one.quantile < next.quantile && one.us <= next.us));
        let ends = (points[0], points[points.len() - 1]);
        assert_eq!((ends.0.quantile, ends.1.quantile), (0.0, 1.0));
        assert!((1.0..1.01).contains(&ends.0.us) && (9_990.0..10_010.0).contains(&ends.1.us), "{ends:?}");
        // Of 10,000, those with 100 beyond them end at 99 %.
        let inner = points[points.len() - 2];
        assert!((0.97..=0.99).contains(&inner.quantile), "{inner:?}");
        for point in &points[1..points.len() - 1] {
            assert!((point.us / 10_000.0 - point.quantile).abs() < 0.002, "{point:?}");
        }
    }

    #[test]
    fn a_few_operations_have_two_ends_and_no_percentile() {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).unwrap();
        (1..=50u64).for_each(|us| histogram.record(us * 1_000).unwrap());
        assert_eq!(curve(&histogram).len(), 2);
    }
}
