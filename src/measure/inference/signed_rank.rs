use crate::measure::median;

/// What the differences of pairs show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignedRank {
    /// The median of their Walsh averages: how far the one side is from the other (Hodges and Lehmann 1963).
    pub estimate: f64,
    /// The interval around it; infinite where there are too few pairs for any.
    pub low: f64,
    pub high: f64,
    /// The probability of ranks as lopsided as these if the signs were those of a coin; two-sided.
    pub p: f64,
}

/// Wilcoxon's signed-rank test of differences, with its exact interval: with a probability of `alpha` at most, the true
/// shift lies outside. Nothing of no difference. Takes time by the cube of their number.
pub fn signed_rank(differences: &[f64], alpha: f64) -> Option<SignedRank> {
    let averages = walsh_averages(differences);
    let estimate = median(averages.clone())?;
    let (low, high) = match rank(differences.len(), alpha) {
        Some(rank) => (averages[rank - 1], averages[averages.len() - rank]),
        None => (f64::NEG_INFINITY, f64::INFINITY),
    };
    Some(SignedRank { estimate, low, high, p: p(differences) })
}

/// The smallest two-sided p that so many pairs can show: that of differences which all point the same way.
pub fn least_p(pairs: usize) -> f64 {
    0.5f64.powi(pairs as i32) * 2.0
}

/// The means of all pairs of differences, each with itself too, sorted.
fn walsh_averages(differences: &[f64]) -> Vec<f64> {
    let mut averages = Vec::with_capacity(differences.len() * (differences.len() + 1) / 2);
    for (index, one) in differences.iter().enumerate() {
        averages.extend(differences[index..].iter().map(|other| (one + other) / 2.0));
    }
    averages.sort_by(f64::total_cmp);
    averages
}

/// The place from either end of the sorted Walsh averages, from 1, at which the interval ends; nothing where `pairs` are
/// too few for this `alpha`.
fn rank(pairs: usize, alpha: f64) -> Option<usize> {
    let sums = sums(&(1..=pairs).collect::<Vec<_>>());
    let mut below = 0.0;
    // The interval from the k-th average leaves out what has a sum below k, and as much on the other side.
    let fitting = sums.iter().take_while(|probability| {
        below += **probability;
        2.0 * below <= alpha
    });
    Some(fitting.count()).filter(|&rank| rank > 0)
}

/// The distribution of the sum of the ranks whose coin shows heads: the probability of each sum, from 0.
fn sums(ranks: &[usize]) -> Vec<f64> {
    let mut probabilities = vec![0.0; ranks.iter().sum::<usize>() + 1];
    probabilities[0] = 1.0;
    let mut most = 0;
    for &rank in ranks {
        most += rank;
        for sum in (0..=most).rev() {
            let with = if sum >= rank { probabilities[sum - rank] } else { 0.0 };
            probabilities[sum] = (probabilities[sum] + with) / 2.0;
        }
    }
    probabilities
}

/// The two-sided p of the signs, over the ranks as they are: those of a tie share their mean.
///
/// Differences of 0 take part in the ranking and in nothing else (Pratt 1959). If they were dropped before, pairs would
/// show more as they come closer to no difference.
fn p(differences: &[f64]) -> f64 {
    let ranks = doubled_ranks(differences);
    let told: Vec<usize> =
        ranks.iter().zip(differences).filter(|(_, value)| **value != 0.0).map(|(rank, _)| *rank).collect();
    let positive: usize =
        ranks.iter().zip(differences).filter(|(_, value)| **value > 0.0).map(|(rank, _)| *rank).sum();
    let all: usize = told.iter().sum();
    let lopsided = positive.min(all - positive);
    (2.0 * sums(&told)[..=lopsided].iter().sum::<f64>()).min(1.0)
}

/// Twice the rank of each difference by its size, which is a whole number where ties share the mean of their ranks.
fn doubled_ranks(differences: &[f64]) -> Vec<usize> {
    let rank = |one: &f64| {
        let smaller = differences.iter().filter(|other| other.abs() < one.abs()).count();
        let equal = differences.iter().filter(|other| other.abs() == one.abs()).count();
        2 * smaller + equal + 1
    };
    differences.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every choice of signs, one after the other.
    fn enumerated(ranks: &[usize]) -> Vec<f64> {
        let mut counts = vec![0u64; ranks.iter().sum::<usize>() + 1];
        for signs in 0u32..1 << ranks.len() {
            let sum: usize =
                ranks.iter().enumerate().filter(|(i, _)| signs >> i & 1 == 1).map(|(_, rank)| rank).sum();
            counts[sum] += 1;
        }
        let all = (1u64 << ranks.len()) as f64;
        counts.into_iter().map(|count| count as f64 / all).collect()
    }

    #[test]
    fn the_distribution_is_that_of_all_signs() {
        for pairs in 1..=16 {
            let ranks: Vec<usize> = (1..=pairs).collect();
            assert_eq!(sums(&ranks), enumerated(&ranks), "{pairs}");
        }
        let tied = [2, 5, 5, 8, 11, 11, 11];
        assert_eq!(sums(&tied), enumerated(&tied));
        for pairs in [20, 50, 60] {
            let all: f64 = sums(&(1..=pairs).collect::<Vec<_>>()).iter().sum();
            assert!((all - 1.0).abs() < 1e-12, "{pairs}");
        }
    }

    #[test]
    fn the_ranks_of_the_interval_are_those_of_tables() {
        for (pairs, expected) in [(6, 1), (8, 4), (10, 9), (12, 14), (15, 26), (20, 53)] {
            let found = rank(pairs, 0.05).unwrap();
            let all = pairs * (pairs + 1) / 2;
            assert_eq!(found, expected, "{pairs}");
            assert_eq!(
                all + 1 - found,
                [21, 33, 47, 65, 95, 158][[6, 8, 10, 12, 15, 20].iter().position(|n| *n == pairs).unwrap()]
            );
            let outside: f64 = sums(&(1..=pairs).collect::<Vec<_>>())[..found].iter().sum();
            assert!((0.951..=0.969).contains(&(1.0 - 2.0 * outside)), "{pairs}: {outside}");
        }
        assert_eq!(rank(5, 0.05), None, "five pairs have no interval of 95 %");
    }

    #[test]
    fn pairs_that_all_point_the_same_way_have_the_smallest_p() {
        for (pairs, expected) in [(5, 0.0625), (6, 0.03125), (8, 0.0078125)] {
            let differences: Vec<f64> = (1..=pairs).map(f64::from).collect();
            assert_eq!(p(&differences), expected);
            assert_eq!(least_p(pairs as usize), expected);
        }
        let found = signed_rank(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.05).unwrap();
        assert!(found.low.is_infinite() && found.high.is_infinite() && found.estimate == 3.0);
    }

    #[test]
    fn the_interval_leaves_out_0_just_where_the_test_rejects() {
        let differences = [0.3, -0.1, 0.9, 0.5, 0.7, 1.1, 0.2, 0.6];
        for shift in 0..14 {
            let shifted: Vec<f64> =
                differences.iter().map(|value| value - 0.1 * f64::from(shift) - 0.013).collect();
            let found = signed_rank(&shifted, 0.05).unwrap();
            assert_eq!(found.low > 0.0 || found.high < 0.0, found.p <= 0.05, "{shift}: {found:?}");
            assert!(found.low < found.estimate && found.estimate < found.high);
        }
    }

    #[test]
    fn ties_share_their_ranks_and_zeros_have_no_sign() {
        assert_eq!(doubled_ranks(&[1.0, -1.0, 3.0, 0.0]), [5, 5, 8, 2]);
        assert_eq!(p(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0]), 1.0);
        // Three zeros among eight leave five coins.
        assert_eq!(p(&[0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), 0.0625);
        assert_eq!(p(&[1.0, -1.0, 2.0, -2.0]), 1.0);
        assert_eq!(signed_rank(&[], 0.05), None);
    }
}
