use super::distribution::{normal_quantile, normal_tail};
use super::poisson::rate_test;

/// Below so many events altogether, a share is tested as a rate: the normal distribution is none of so few.
const FEW: f64 = 20.0;

/// Wilson's interval of a share, as `count` of `of` tell it (Wilson 1927). Counts need not be whole.
pub fn wilson(count: f64, of: f64, alpha: f64) -> (f64, f64) {
    if of <= 0.0 {
        return (0.0, 1.0);
    }
    let z = normal_quantile(alpha / 2.0);
    let share = count / of;
    let middle = count + z * z / 2.0;
    let half = z * (count * (1.0 - share) + z * z / 4.0).max(0.0).sqrt();
    (((middle - half) / (of + z * z)).max(0.0), ((middle + half) / (of + z * z)).min(1.0))
}

/// The interval of the share of `head` less that of `base`, from Wilson's of each (Newcombe 1998, method 10).
/// Each is a count and what it is counted of.
pub fn newcombe(base: (f64, f64), head: (f64, f64), alpha: f64) -> (f64, f64) {
    let (ours, theirs) = (head.0 / head.1, base.0 / base.1);
    let ((low, high), (base_low, base_high)) = (wilson(head.0, head.1, alpha), wilson(base.0, base.1, alpha));
    let difference = ours - theirs;
    let down = (ours - low).hypot(base_high - theirs);
    (difference - down, difference + (high - ours).hypot(theirs - base_low))
}

/// The probability of a share as far above that of `base`, or as far below it, as that of `head`, if both are the same:
/// the score test, or that of rates where events, or what is none, are few. One-sided: the smaller of both sides.
pub fn share_test(base: (f64, f64), head: (f64, f64)) -> f64 {
    let (events, of) = (base.0 + head.0, base.1 + head.1);
    if events <= 0.0 || events >= of {
        return 1.0;
    }
    if events < FEW {
        return rate_test(base, head);
    }
    if of - events < FEW {
        return rate_test((base.1 - base.0, base.1), (head.1 - head.0, head.1));
    }
    let share = events / of;
    let error = (share * (1.0 - share) * (1.0 / base.1 + 1.0 / head.1)).sqrt();
    normal_tail((head.0 / head.1 - base.0 / base.1).abs() / error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(found: (f64, f64), expected: (f64, f64)) {
        let is_close = |found: f64, expected: f64| (found - expected).abs() < 6e-5;
        assert!(
            is_close(found.0, expected.0) && is_close(found.1, expected.1),
            "{found:?} is not {expected:?}"
        );
    }

    #[test]
    fn intervals_of_shares_are_those_that_newcombe_published() {
        close(wilson(81.0, 263.0, 0.05), (0.2553, 0.3662));
        close(wilson(15.0, 148.0, 0.05), (0.0624, 0.1605));
        close(wilson(0.0, 20.0, 0.05), (0.0, 0.1611));
        close(wilson(1.0, 29.0, 0.05), (0.0061, 0.1718));
    }

    #[test]
    fn intervals_of_differences_are_those_that_newcombe_published() {
        close(newcombe((48.0, 80.0), (56.0, 70.0), 0.05), (0.0524, 0.3339));
        close(newcombe((3.0, 10.0), (9.0, 10.0), 0.05), (0.1705, 0.8090));
    }

    #[test]
    fn the_test_tells_shares_apart_on_either_side() {
        // 56/70 and 48/80: a difference of 0.2 of the standard error of the pooled share 104/150.
        let z = 0.2 / f64::sqrt(104.0 / 150.0 * (46.0 / 150.0) * (1.0 / 70.0 + 1.0 / 80.0));
        let p = share_test((48.0, 80.0), (56.0, 70.0));
        assert!(
            (p - normal_tail(z)).abs() < 1e-12 && (p - share_test((56.0, 70.0), (48.0, 80.0))).abs() < 1e-12
        );
        // Few events, and few that are none, are rates.
        let few = rate_test((1.0, 1_000.0), (9.0, 1_000.0));
        assert_eq!(share_test((1.0, 1_000.0), (9.0, 1_000.0)), few);
        assert_eq!(share_test((999.0, 1_000.0), (991.0, 1_000.0)), few);
        for nothing in [(0.0, 50.0), (50.0, 50.0)] {
            assert_eq!(share_test(nothing, nothing), 1.0);
        }
    }
}
