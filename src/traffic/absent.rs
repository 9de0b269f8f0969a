use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Random, Stream};

/// Reads of rows that never exist, which no entry of a cache answers for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Absent {
    /// The share of the reads of one row that ask for such a row.
    #[schemars(range(min = 0, max = 1))]
    pub share: f64,
    /// How many such rows there are; each is as likely as any other.
    #[serde(default = "keys")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub keys: u64,
}

fn keys() -> u64 {
    10_000
}

impl Absent {
    /// The lowest of their ids: far beyond those of the rows that are seeded or inserted.
    pub const FIRST: u64 = 1 << 40;

    /// The row that the read of a ticket asks for, if it is one of these.
    pub fn row(&self, seed: u64, ticket: u64) -> Option<u64> {
        let mut random = Random::new(seed, Stream::Absent, ticket);
        (random.unit() <= self.share).then(|| Absent::FIRST + random.below(self.keys.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKETS: u64 = 100_000;

    fn rows(absent: Absent, seed: u64) -> Vec<Option<u64>> {
        (0..TICKETS).map(|ticket| absent.row(seed, ticket)).collect()
    }

    #[test]
    fn the_share_is_kept_and_the_same_ticket_asks_for_the_same_row() {
        let absent = Absent { share: 0.1, keys: 50 };
        let drawn = rows(absent, 7);
        let (found, expected) = (drawn.iter().flatten().count() as f64, TICKETS as f64 * 0.1);
        assert!((found - expected).abs() < 3.0 * (expected * 0.9).sqrt(), "{found}");
        assert_eq!(drawn, rows(absent, 7));
        assert_ne!(drawn, rows(absent, 8));
    }

    #[test]
    fn every_row_is_as_likely_as_any_other() {
        let keys = 50;
        let mut counts = vec![0.0; keys as usize];
        for row in rows(Absent { share: 1.0, keys }, 7).into_iter().flatten() {
            counts[(row - Absent::FIRST) as usize] += 1.0;
        }
        let expected = TICKETS as f64 / keys as f64;
        let chi_square: f64 = counts.iter().map(|count: &f64| (count - expected).powi(2) / expected).sum();
        // 49 degrees of freedom: its mean, and three standard deviations more.
        assert!(chi_square < 49.0 + 3.0 * (2.0f64 * 49.0).sqrt(), "{chi_square}");
    }

    #[test]
    fn none_and_all_are_exact() {
        assert!(rows(Absent { share: 0.0, keys: 1 }, 7).iter().all(Option::is_none));
        assert!(rows(Absent { share: 1.0, keys: 1 }, 7).iter().all(|row| *row == Some(Absent::FIRST)));
    }
}
