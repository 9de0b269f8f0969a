//! What a trace is like: how popular its keys are, how soon they come again, when, how large, and what is done.

mod operations;
mod popularity;
mod reuse;
mod sizes;
mod times;
mod ttls;

use serde::Serialize;

pub use operations::Operations;
pub use popularity::Popularity;
pub use reuse::Reuse;
pub use sizes::Sizes;
pub use times::Times;
pub use ttls::Ttls;

use super::Recording;

/// What a trace is like; what its format does not hold is left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stat {
    pub requests: u64,
    pub unique_keys: u64,
    pub popularity: Popularity,
    pub reuse: Reuse,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<Times>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sizes: Option<Sizes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<Operations>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttls: Option<Ttls>,
}

impl Stat {
    pub fn of(recording: &Recording) -> Stat {
        Stat {
            requests: recording.len(),
            unique_keys: recording.unique_keys(),
            popularity: Popularity::of(recording),
            reuse: Reuse::of(recording),
            times: Times::of(recording),
            sizes: Sizes::of(recording),
            operations: Operations::of(recording),
            ttls: Ttls::of(recording),
        }
    }
}

/// The smallest of these sorted values that is not below the share `q` of them.
fn percentile<T: Copy>(sorted: &[T], q: f64) -> Option<T> {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_is_there() {
        let sorted: Vec<u32> = (1..=100).collect();
        assert_eq!(
            [0.5, 0.9, 0.99, 1.0, 0.0].map(|q| percentile(&sorted, q)),
            [50, 90, 99, 100, 1].map(Some)
        );
        assert_eq!(percentile::<u32>(&[], 0.5), None);
        assert_eq!(percentile(&[7], 0.99), Some(7));
    }
}
