use super::binomial::{at_least, at_most};
use super::distribution::gamma_quantile;

/// The exact interval of the expected number of events, where `count` were seen (Garwood 1936). Counts need not be whole.
pub fn garwood(count: f64, alpha: f64) -> (f64, f64) {
    let low = if count <= 0.0 { 0.0 } else { gamma_quantile(count, alpha / 2.0) };
    (low, gamma_quantile(count + 1.0, 1.0 - alpha / 2.0))
}

/// The probability of a rate as far above that of `base`, or as far below it, as that of `head`, if both are the same: of
/// all events, the share that falls on `head` is binomial (Przyborowski and Wilenski 1940). Each is a count and what it is
/// counted over. One-sided: the smaller of both sides.
pub fn rate_test(base: (f64, f64), head: (f64, f64)) -> f64 {
    let events = base.0 + head.0;
    if events <= 0.0 {
        return 1.0;
    }
    let share = head.1 / (base.1 + head.1);
    at_least(head.0, events, share).min(at_most(head.0, events, share))
}

/// The interval of the rate of `head` less that of `base`, from the exact ones of each (Li, Tang and Wong 2014, as
/// Newcombe does with shares).
pub fn rate_difference(base: (f64, f64), head: (f64, f64), alpha: f64) -> (f64, f64) {
    let rates = |side: (f64, f64)| {
        let (low, high) = garwood(side.0, alpha);
        (side.0 / side.1, low / side.1, high / side.1)
    };
    let ((theirs, base_low, base_high), (ours, low, high)) = (rates(base), rates(head));
    let difference = ours - theirs;
    let down = (ours - low).hypot(base_high - theirs);
    (difference - down, difference + (high - ours).hypot(theirs - base_low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_interval_is_that_of_tables() {
        for (count, low, high) in [(0.0, 0.0, 3.6889), (1.0, 0.0253, 5.5716), (10.0, 4.7954, 18.3904)] {
            let (found_low, found_high) = garwood(count, 0.05);
            assert!(
                (found_low - low).abs() < 1e-4 && (found_high - high).abs() < 1e-4,
                "{found_low} {found_high}"
            );
        }
    }

    #[test]
    fn rates_are_compared_by_the_share_of_all_events() {
        // 1 against 9 of the same exposure: a coin that falls nine times or more of ten.
        assert!((rate_test((1.0, 5.0), (9.0, 5.0)) - 11.0 / 1_024.0).abs() < 1e-12);
        assert!((rate_test((9.0, 5.0), (1.0, 5.0)) - 11.0 / 1_024.0).abs() < 1e-12);
        assert!((rate_test((0.0, 1.0), (10.0, 1.0)) - 1.0 / 1_024.0).abs() < 1e-12);
        // Twice the events over twice the exposure are none the more.
        assert!(rate_test((100.0, 1.0), (200.0, 2.0)) > 0.4);
        assert_eq!(rate_test((0.0, 1.0), (0.0, 1.0)), 1.0);
    }

    #[test]
    fn the_interval_of_a_difference_is_as_wide_as_those_of_both_together() {
        // Of many events it is that of the normal distribution: 1.96 times the root of the sum of both variances.
        let (low, high) = rate_difference((40_000.0, 100.0), (41_000.0, 100.0), 0.05);
        let half = 1.959_964 * 81_000f64.sqrt() / 100.0;
        assert!((low - (10.0 - half)).abs() < 0.02 && (high - (10.0 + half)).abs() < 0.02, "{low} {high}");
        // Without an event on either side, it is that of none.
        let (low, high) = rate_difference((0.0, 1.0), (0.0, 1.0), 0.05);
        assert!((high - 3.6889).abs() < 1e-4 && (low + 3.6889).abs() < 1e-4, "{low} {high}");
        let (low, high) = rate_difference((0.0, 1.0), (40.0, 1.0), 0.02);
        assert!(low > 20.0 && high < 60.0, "{low} {high}");
    }
}
