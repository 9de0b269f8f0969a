use schemars::JsonSchema;
use serde::Deserialize;

use super::{Keys, Random};
use crate::registry::{self, Entry, OptionsError};
use crate::traffic::Bijection;

pub const ENTRY: Entry<dyn Keys, super::KeyParts> = Entry {
    name: "exponential",
    summary: "popularity falls exponentially with rank; ranks are scattered over the rows",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let Options { percentile, rank_share } = registry::options(options)?;
        if !(percentile > 0.0 && percentile < 1.0 && rank_share > 0.0) {
            return Err(OptionsError("percentile lies between 0 and 1, rank_share above 0".into()));
        }
        let rate = -(1.0 - percentile).ln() / (rank_share * parts.rows.max(1) as f64);
        Ok(Box::new(Exponential { rate, count: parts.rows, rows: Bijection::new(parts.rows, parts.seed) }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// This share of the requests …
    #[schemars(range(min = 0.000001, max = 0.999999))]
    percentile: f64,
    /// … goes to this share of the rows (before the tail is folded back onto the rows).
    #[schemars(range(min = 0.000001))]
    rank_share: f64,
}

impl Default for Options {
    fn default() -> Options {
        Options { percentile: 0.95, rank_share: 0.8571428571 }
    }
}

/// YCSB's exponential distribution of ranks; ranks beyond the last row are drawn again.
struct Exponential {
    rate: f64,
    count: u64,
    rows: Bijection,
}

impl Keys for Exponential {
    fn pick(&self, _: u64, _: u64, random: &mut Random) -> u64 {
        // The conditional law below the last row, by inversion: no loop, one random number.
        let mass = -(-self.rate * self.count as f64).exp_m1();
        let rank = -(-random.unit() * mass).ln_1p() / self.rate;
        self.rows.apply((rank as u64).min(self.count - 1))
    }
}

#[cfg(test)]
mod tests {
    use crate::traffic::keys::tests::shares;

    #[test]
    fn the_hottest_tenth_has_the_share_of_the_closed_form() {
        let draws = 400_000;
        let shares = shares(r#"{"exponential": {"percentile": 0.9, "rank_share": 0.1}}"#, 1_000, draws);
        // Beyond each further tenth of the rows lies a tenth of what lay beyond the last, and what lies beyond all is
        // drawn again.
        let expected = 0.9 / (1.0 - 0.1f64.powi(10));
        let measured: f64 = shares[..100].iter().sum();
        let error = (expected * (1.0 - expected) / draws as f64).sqrt();
        assert!((measured - expected).abs() < 4.0 * error + 0.001, "{measured} against {expected}");
    }
}
