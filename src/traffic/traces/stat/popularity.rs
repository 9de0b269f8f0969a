use serde::Serialize;

use super::Recording;

/// How the requests are spread over the keys.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Popularity {
    /// Keys that are requested once.
    pub one_hit_wonders: u64,
    /// Their share of the keys.
    pub one_hit_wonder_share: f64,
    /// The share of requests that go to the hottest 1 % of keys, at least to one.
    pub top_1_percent_share: f64,
    /// The exponent of the Zipf distribution that fits best; none for few keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zipf_exponent: Option<f64>,
}

impl Popularity {
    pub(super) fn of(recording: &Recording) -> Popularity {
        let mut counts = vec![0u64; recording.unique_keys() as usize];
        recording.keys().iter().for_each(|key| counts[*key as usize] += 1);
        counts.sort_unstable_by(|one, other| other.cmp(one));
        let wonders = counts.iter().rev().take_while(|count| **count == 1).count();
        let top = (counts.len() / 100).max(1);
        Popularity {
            one_hit_wonders: wonders as u64,
            one_hit_wonder_share: wonders as f64 / counts.len() as f64,
            top_1_percent_share: counts.iter().take(top).sum::<u64>() as f64 / recording.len() as f64,
            zipf_exponent: zipf_exponent(&counts),
        }
    }
}

/// How many ranks the line is laid through, and the first of them: the two hottest keys are seldom of the same kind.
const RANKS: u32 = 20;
const FIRST: f64 = 3.0;
/// Half of the keys: beyond, frequencies are too small to lie on a line.
const LAST: f64 = 0.5;

/// The slope of log frequency over log rank, by least squares through ranks that are evenly spaced on the log scale.
///
/// So each part of the distribution has its weight. Through all ranks, the many rare keys would decide alone: they come
/// once or twice, in steps that say nothing.
fn zipf_exponent(sorted_counts: &[u64]) -> Option<f64> {
    let last = sorted_counts.len() as f64 * LAST;
    if last < 2.0 * FIRST {
        return None;
    }
    let rank = |step: u32| FIRST * (last / FIRST).powf(f64::from(step) / f64::from(RANKS - 1));
    let mut ranks: Vec<usize> = (0..RANKS).map(|step| rank(step).round() as usize).collect();
    ranks.dedup();
    let points: Vec<(f64, f64)> =
        ranks.iter().map(|rank| ((*rank as f64).ln(), (sorted_counts[rank - 1] as f64).ln())).collect();
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let (xy, xx) = points.iter().fold((0.0, 0.0), |(xy, xx), (x, y)| {
        (xy + (x - mean_x) * (y - mean_y), xx + (x - mean_x) * (x - mean_x))
    });
    // A slope of -0 is none.
    Some(-xy / xx + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::traces::{Request, TraceKey};

    #[test]
    fn wonders_and_the_hottest_are_counted() {
        let keys = std::iter::repeat_n(7, 300).chain(0..100).chain([0, 1]);
        let recording = Recording::of(keys.map(|key| Request::of(TraceKey::Number(key)))).unwrap();
        let popularity = Popularity::of(&recording);
        assert_eq!((popularity.one_hit_wonders, popularity.one_hit_wonder_share), (97, 0.97));
        assert_eq!(popularity.top_1_percent_share, 301.0 / 402.0);
    }

    #[test]
    fn the_exponent_of_a_zipf_distribution_is_found() {
        for exponent in [0.0, 0.5, 0.99, 1.4] {
            let counts: Vec<u64> =
                (1..=100_000).map(|rank| (1e9 / f64::from(rank).powf(exponent)).round() as u64).collect();
            let found = zipf_exponent(&counts).unwrap();
            assert!((found - exponent).abs() < 1e-3, "{exponent}: {found}");
        }
        assert_eq!(zipf_exponent(&[5; 11]), None);
    }
}
