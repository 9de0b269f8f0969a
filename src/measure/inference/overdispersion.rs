use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::distribution::{normal_quantile, normal_tail, student_quantile, student_tail};

/// What a count is by its nature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// So many of so many, as hits of reads: binomial.
    Share,
    /// So many over so much, as loads over expiries, of which there may be several: Poisson.
    Rate,
}

/// How much more counts differ from each other than draws of the same law would.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dispersion {
    /// The variance over that of the law; at least 1. A count divided by it tells as much as one of the law.
    pub factor: f64,
    /// What it was found from.
    pub degrees: f64,
}

impl Dispersion {
    /// The p of a test of counts that were divided by the factor: as this was found from few degrees of freedom, the same
    /// place in Student's distribution.
    pub fn carried_over(&self, p: f64) -> f64 {
        if self.factor > 1.0 { student_tail(normal_quantile(p), self.degrees) } else { p }
    }

    /// The alpha at which a normal interval is as wide as Student's.
    pub fn widened(&self, alpha: f64) -> f64 {
        if self.factor > 1.0 { 2.0 * normal_tail(student_quantile(alpha / 2.0, self.degrees)) } else { alpha }
    }
}

/// Pearson's chi-square over its degrees of freedom, within groups of counts, each with what it is counted over.
///
/// Runs with different seeds differ more than a binomial or a Poisson draw does, since events come in bunches: one write
/// makes many reads stale. Without this, many runs of the same program are told apart.
pub fn dispersion(groups: &[&[(f64, f64)]], law: Law) -> Dispersion {
    let (mut chi_square, mut degrees) = (0.0, 0.0);
    for group in groups {
        let (count, of) = group.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let rate = count / of;
        degrees += group.len().saturating_sub(1) as f64;
        let spread = if law == Law::Share { 1.0 - rate } else { 1.0 };
        for &(count, of) in *group {
            let expected = rate * of;
            let variance = expected * spread;
            // Where there is no event, or nothing else, nothing can differ.
            if variance > 0.0 {
                chi_square += (count - expected).powi(2) / variance;
            }
        }
    }
    let factor = if degrees > 0.0 { (chi_square / degrees).max(1.0) } else { 1.0 };
    Dispersion { factor, degrees }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_differ_more_than_their_law_are_told_by_how_much() {
        // Around 10: chi-square is (25 + 0 + 25) / 10 at 2 degrees of freedom.
        let wide = [(5.0, 1.0), (10.0, 1.0), (15.0, 1.0)];
        assert_eq!(dispersion(&[&wide], Law::Rate), Dispersion { factor: 2.5, degrees: 2.0 });
        // As a share of 20 the variance is half of that.
        let shares = [(5.0, 20.0), (10.0, 20.0), (15.0, 20.0)];
        assert_eq!(dispersion(&[&shares], Law::Share), Dispersion { factor: 5.0, degrees: 2.0 });
        let alike = [(10.0, 1.0), (10.0, 1.0), (10.0, 1.0)];
        assert_eq!(dispersion(&[&alike], Law::Rate).factor, 1.0, "never below 1");
        assert_eq!(dispersion(&[&wide, &alike], Law::Rate), Dispersion { factor: 1.25, degrees: 4.0 });
    }

    #[test]
    fn where_nothing_can_differ_the_factor_is_1() {
        for law in [Law::Share, Law::Rate] {
            assert_eq!(dispersion(&[&[(0.0, 5.0), (0.0, 5.0)], &[]], law).factor, 1.0);
            assert_eq!(dispersion(&[&[(3.0, 5.0)]], law), Dispersion { factor: 1.0, degrees: 0.0 });
        }
        assert_eq!(dispersion(&[&[(5.0, 5.0), (5.0, 5.0)]], Law::Share).factor, 1.0);
    }

    #[test]
    fn a_factor_that_was_found_from_few_runs_makes_tests_and_intervals_wider() {
        let found = Dispersion { factor: 2.0, degrees: 8.0 };
        // The limits of 5 %: 2.306 of Student's where the normal distribution has 1.96.
        let normal = 2.0 * normal_tail(2.306_004);
        assert!((found.widened(0.05) - normal).abs() < 1e-6);
        assert!((found.carried_over(normal_tail(2.306_004)) - 0.025).abs() < 1e-6);
        let none = Dispersion { factor: 1.0, degrees: 8.0 };
        assert_eq!((none.widened(0.05), none.carried_over(0.03)), (0.05, 0.03));
    }
}
