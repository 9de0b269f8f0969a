use rand_distr::{Distribution, Zipf};

use super::skew::Skew;
use super::{Keys, Random};
use crate::registry::{self, Entry};
use crate::traffic::{AliasTable, Bijection};

pub const ENTRY: Entry<dyn Keys, super::KeyParts> = Entry {
    name: "zipfian",
    summary: "popularity falls with rank^-exponent; ranks are scattered over the rows",
    options: registry::schema_of::<Skew>,
    build: |options, parts| {
        let skew: Skew = registry::options(options)?;
        let count = parts.rows.max(1);
        let rows = Bijection::new(count, parts.seed);
        let draws = if count <= AliasTable::MOST {
            let weight = |rank: u64| ((rank + 1) as f64).powf(-skew.exponent);
            Draws::Table(AliasTable::new(count, weight, |rank| rows.apply(rank)))
        } else {
            Draws::Ranks(skew.law(count)?, rows)
        };
        Ok(Box::new(Zipfian { count, draws }))
    },
};

/// P(rank k) = k^-s / H(n, s); rank k is row π(k-1), π a permutation, so that hot rows are no neighbours and
/// no row is lost to a collision.
///
/// Covers the rows that exist at the start; inserted rows are not asked for.
struct Zipfian {
    count: u64,
    draws: Draws,
}

/// How a row is drawn: the same law, for as much memory as it may take.
enum Draws {
    /// From a table of rows.
    Table(AliasTable),
    /// A rank by rejection-inversion (Hörmann and Derflinger 1996), then its row.
    Ranks(Zipf<f64>, Bijection),
}

impl Keys for Zipfian {
    fn pick(&self, _: u64, _: u64, random: &mut Random) -> u64 {
        match &self.draws {
            Draws::Table(table) => table.draw(random),
            Draws::Ranks(ranks, rows) => {
                let rank = ranks.sample(random) as u64;
                rows.apply(rank.clamp(1, self.count) - 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::traffic::keys::tests::shares;

    /// The closed form of the share of the first ranks: H(hottest, s) / H(rows, s).
    fn share_of(hottest: u64, rows: u64, exponent: f64) -> f64 {
        let harmonic = |n: u64| (1..=n).map(|k| (k as f64).powf(-exponent)).sum::<f64>();
        harmonic(hottest) / harmonic(rows)
    }

    #[test]
    fn the_hottest_percent_has_the_share_of_the_closed_form() {
        for exponent in [0.5, 0.99, 1.2] {
            let draws = 400_000;
            let shares = shares(&format!(r#"{{"zipfian": {{"exponent": {exponent}}}}}"#), 10_000, draws);
            let expected = share_of(100, 10_000, exponent);
            let measured: f64 = shares[..100].iter().sum();
            let error = (expected * (1.0 - expected) / draws as f64).sqrt();
            // Sorting by observed count flatters the sample's own top 1 %; the flat tail of 0.5 most of all.
            let slack = if exponent == 0.5 { 0.03 } else { 0.001 };
            assert!(
                measured > expected - 3.0 * error && measured < expected + 3.0 * error + slack,
                "exponent {exponent}: {measured} against {expected} ± {error}"
            );
        }
    }

    #[test]
    fn beyond_the_table_the_law_is_the_same() {
        let rows = crate::traffic::AliasTable::MOST + 1;
        let draws = 200_000;
        let shares = shares(r#"{"zipfian": {"exponent": 1.2}}"#, rows, draws);
        let expected = share_of(10, rows, 1.2);
        let measured: f64 = shares[..10].iter().sum();
        let error = (expected * (1.0 - expected) / draws as f64).sqrt();
        assert!((measured - expected).abs() < 4.0 * error, "{measured} against {expected}");
    }

    #[test]
    fn the_first_rank_has_its_share() {
        let draws = 400_000;
        let shares = shares(r#"{"zipfian": {"exponent": 0.99}}"#, 40_000, draws);
        let first = share_of(1, 40_000, 0.99);
        let error = (first * (1.0 - first) / draws as f64).sqrt();
        assert!((shares[0] - first).abs() < 3.0 * error, "{} against {first}", shares[0]);
    }
}
