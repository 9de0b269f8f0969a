use super::distribution::beta_below;

/// The probability of so many successes or more among `of` trials of this `share`. Counts need not be whole.
pub(super) fn at_least(count: f64, of: f64, share: f64) -> f64 {
    if count <= 0.0 { 1.0 } else { beta_below(count, of - count + 1.0, share) }
}

/// The probability of so many successes or fewer.
pub(super) fn at_most(count: f64, of: f64, share: f64) -> f64 {
    at_least(of - count, of, 1.0 - share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tails_are_sums_of_binomials() {
        assert!((at_least(9.0, 10.0, 0.5) - 11.0 / 1_024.0).abs() < 1e-12);
        assert!((at_most(1.0, 10.0, 0.5) - 11.0 / 1_024.0).abs() < 1e-12);
        assert_eq!((at_least(0.0, 10.0, 0.5), at_most(10.0, 10.0, 0.5)), (1.0, 1.0));
    }
}
