/// The p-values of a family of tests, adjusted by Holm's step-down method (Holm 1979): where those are rejected that are
/// not above alpha, at least one is rejected wrongly with a probability of at most alpha, whatever ties them together.
///
/// In the order of `p`.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&one, &other| p[one].total_cmp(&p[other]));
    let mut adjusted = vec![0.0; p.len()];
    let mut most: f64 = 0.0;
    for (place, index) in order.into_iter().enumerate() {
        most = most.max(p[index] * (p.len() - place) as f64).min(1.0);
        adjusted[index] = most;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_multiplied_by_those_that_are_left() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert_eq!((holm(&[0.4]), holm(&[])), (vec![0.4], vec![]));
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0], "no probability is above 1");
    }

    #[test]
    fn a_larger_one_is_never_below_a_smaller_one() {
        let adjusted = holm(&[0.02, 0.021, 0.022]);
        assert!(adjusted.iter().all(|p| (p - 0.06).abs() < 1e-12), "{adjusted:?}");
    }
}
