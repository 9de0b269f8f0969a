use rand_distr::{Distribution, Zipf};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Keys, Random};
use crate::registry::{self, Entry, OptionsError};
use crate::traffic::Bijection;

pub const ENTRY: Entry<dyn Keys, super::KeyParts> = Entry {
    name: "zipfian",
    summary: "popularity falls with rank^-exponent; ranks are scattered over the rows",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let options: Options = registry::options(options)?;
        let ranks = Zipf::new(parts.rows.max(1) as f64, options.exponent)
            .map_err(|_| OptionsError(format!("exponent {} is not 0 or more", options.exponent)))?;
        let rows = Bijection::new(parts.rows, parts.seed);
        Ok(Box::new(Zipfian { exponent: options.exponent, count: parts.rows, ranks, rows }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// The skew: 0 is uniform, 0.99 is YCSB's, above 1 a few rows take nearly all.
    #[schemars(range(min = 0, max = 10))]
    exponent: f64,
}

impl Default for Options {
    fn default() -> Options {
        Options { exponent: 0.99 }
    }
}

/// P(rank k) = k^-s / H(n, s), by rejection-inversion (Hörmann and Derflinger 1996); rank k is row π(k-1),
/// π a permutation, so that hot rows are no neighbours and no row is lost to a collision.
///
/// Covers the rows that exist at the start; inserted rows are not asked for.
struct Zipfian {
    exponent: f64,
    count: u64,
    ranks: Zipf<f64>,
    rows: Bijection,
}

impl Keys for Zipfian {
    fn pick(&self, _: u64, _: u64, random: &mut Random) -> u64 {
        let rank = self.ranks.sample(random) as u64;
        self.rows.apply(rank.clamp(1, self.count) - 1)
    }

    /// H(⌈top · n⌉, s) / H(n, s).
    fn share_of_hottest(&self, top: f64) -> Option<f64> {
        let harmonic = |n: u64| (1..=n).map(|k| (k as f64).powf(-self.exponent)).sum::<f64>();
        let hottest = ((top * self.count as f64).ceil() as u64).min(self.count);
        Some(harmonic(hottest) / harmonic(self.count))
    }
}

#[cfg(test)]
mod tests {
    use crate::traffic::keys::tests::shares;

    #[test]
    fn the_hottest_percent_has_the_share_of_the_closed_form() {
        for exponent in ["0.5", "0.99", "1.2"] {
            let draws = 400_000;
            let (keys, shares) =
                shares(&format!(r#"{{"zipfian": {{"exponent": {exponent}}}}}"#), 10_000, draws);
            let expected = keys.share_of_hottest(0.01).unwrap();
            let measured: f64 = shares[..100].iter().sum();
            let error = (expected * (1.0 - expected) / draws as f64).sqrt();
            // Sorting by observed count flatters the sample's own top 1 %; the flat tail of 0.5 most of all.
            let slack = if exponent == "0.5" { 0.03 } else { 0.001 };
            assert!(
                measured > expected - 3.0 * error && measured < expected + 3.0 * error + slack,
                "exponent {exponent}: {measured} against {expected} ± {error}"
            );
        }
    }

    #[test]
    fn the_first_rank_has_its_share() {
        let draws = 400_000;
        let (_, shares) = shares(r#"{"zipfian": {"exponent": 0.99}}"#, 40_000, draws);
        let first = 1.0 / (1..=40_000).map(|k| f64::from(k).powf(-0.99)).sum::<f64>();
        let error = (first * (1.0 - first) / draws as f64).sqrt();
        assert!((shares[0] - first).abs() < 3.0 * error, "{} against {first}", shares[0]);
    }
}
