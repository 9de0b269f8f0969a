//! The distributions that tests and intervals ask for.
//!
//! The continued fractions run until they stand still: how many terms that takes grows with the root of the counts, and
//! a fixed number of them would be wrong for large ones.

/// More terms than any count below 10^9 needs.
const TERMS: u32 = 200_000;
const STILL: f64 = 1e-15;
/// Stands for a denominator of 0 (Lentz's method).
const TINY: f64 = 1e-300;

/// The logarithm of the gamma function for `x` > 0 (Lanczos 1964, with g = 7 and nine terms).
pub(super) fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let sum =
        TERMS.iter().zip(1..).fold(0.999_999_999_999_809_9, |sum, (term, i)| sum + term / (x + f64::from(i)));
    let base = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * base.ln() - base + sum.ln()
}

/// A continued fraction `b0 + a1/(b1 + a2/(b2 + …))` by the modified method of Lentz.
fn continued_fraction(b0: f64, mut term: impl FnMut(u32) -> (f64, f64)) -> f64 {
    let safe = |x: f64| if x.abs() < TINY { TINY } else { x };
    let mut value = safe(b0);
    let (mut c, mut d) = (value, 0.0);
    for i in 1..TERMS {
        let (a, b) = term(i);
        d = 1.0 / safe(b + a * d);
        c = safe(b + a / c);
        value *= c * d;
        if (c * d - 1.0).abs() < STILL {
            break;
        }
    }
    value
}

/// The share of a beta distribution below `x`: the regularised incomplete beta function.
pub(super) fn beta_below(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    // The fraction is quick below the mean only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_below(b, a, 1.0 - x);
    }
    let front = a * x.ln() + b * (-x).ln_1p() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b);
    let fraction = continued_fraction(1.0, |i| {
        let m = f64::from(i / 2);
        let twice = 2.0 * m;
        let a = if i % 2 == 0 {
            m * (b - m) * x / ((a + twice - 1.0) * (a + twice))
        } else {
            -(a + m) * (a + b + m) * x / ((a + twice) * (a + twice + 1.0))
        };
        (a, 1.0)
    });
    front.exp() / (a * fraction)
}

/// The share of a gamma distribution of this shape, and of scale 1, below and above `x`.
fn gamma_shares(shape: f64, x: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    let front = (shape * x.ln() - x - ln_gamma(shape)).exp();
    if x < shape + 1.0 {
        let (mut term, mut sum) = (1.0 / shape, 1.0 / shape);
        for i in 1..TERMS {
            term *= x / (shape + f64::from(i));
            sum += term;
            if term < sum * STILL {
                break;
            }
        }
        return (front * sum, 1.0 - front * sum);
    }
    let fraction = continued_fraction(x + 1.0 - shape, |i| {
        let i = f64::from(i);
        (i * (shape - i), x + 2.0 * i + 1.0 - shape)
    });
    (1.0 - front / fraction, front / fraction)
}

/// The value below which a share `p` of a gamma distribution of this shape lies.
pub(super) fn gamma_quantile(shape: f64, p: f64) -> f64 {
    let mut high = shape + 1.0;
    while gamma_shares(shape, high).0 < p && high < 1e300 {
        high *= 2.0;
    }
    bisect(0.0, high, |x| gamma_shares(shape, x).0 - p)
}

/// The share of the standard normal distribution above `z`.
pub fn normal_tail(z: f64) -> f64 {
    let (below, above) = gamma_shares(0.5, z * z / 2.0);
    if z > 0.0 { above / 2.0 } else { 0.5 + below / 2.0 }
}

/// The value above which a share `tail` of the standard normal distribution lies; 38 at most, beyond which a tail has no
/// number.
pub fn normal_quantile(tail: f64) -> f64 {
    bisect(-38.0, 38.0, |z| tail - normal_tail(z))
}

/// The share of Student's t distribution of so many degrees of freedom above `t`.
pub fn student_tail(t: f64, degrees: f64) -> f64 {
    if t.is_infinite() {
        return if t > 0.0 { 0.0 } else { 1.0 };
    }
    let half = beta_below(degrees / 2.0, 0.5, degrees / (degrees + t * t)) / 2.0;
    if t > 0.0 { half } else { 1.0 - half }
}

/// The value above which a share `tail` of Student's t distribution of so many degrees of freedom lies.
pub fn student_quantile(tail: f64, degrees: f64) -> f64 {
    bisect(-1e6, 1e6, |t| tail - student_tail(t, degrees))
}

/// Where a function that grows from `low` to `high` passes 0.
fn bisect(mut low: f64, mut high: f64, grows: impl Fn(f64) -> f64) -> f64 {
    // As often as it halves anything that a number can tell apart.
    for _ in 0..200 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        if grows(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    low + (high - low) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() <= within, "{found} is not {expected}");
    }

    #[test]
    fn the_gamma_function_is_that_of_factorials() {
        close(ln_gamma(1.0), 0.0, 1e-13);
        close(ln_gamma(11.0), 3_628_800f64.ln(), 1e-12);
        close(ln_gamma(0.5), std::f64::consts::PI.sqrt().ln(), 1e-13);
    }

    #[test]
    fn quantiles_are_those_of_tables() {
        close(normal_quantile(0.025), 1.959_963_985, 1e-8);
        close(normal_quantile(0.01), 2.326_347_874, 1e-8);
        close(normal_tail(0.0), 0.5, 1e-14);
        close(normal_tail(-1.0) + normal_tail(1.0), 1.0, 1e-14);
        // Half of what the two-sided 5 % limits leave.
        for (t, degrees) in [(12.706_204_7, 1.0), (2.228_138_9, 10.0), (2.042_272_5, 30.0)] {
            close(student_tail(t, degrees), 0.025, 1e-8);
            close(student_tail(-t, degrees), 0.975, 1e-8);
        }
        // Half of the chi-square quantiles 18.307 and 3.940 of 10 degrees of freedom.
        close(gamma_quantile(5.0, 0.95), 18.307_038 / 2.0, 1e-6);
        close(gamma_quantile(5.0, 0.05), 3.940_299 / 2.0, 1e-6);
        close(student_quantile(0.025, 8.0), 2.306_004_1, 1e-6);
        close(student_quantile(0.5, 3.0), 0.0, 1e-6);
        close(beta_below(2.0, 3.0, 0.4), 0.5248, 1e-12);
    }

    #[test]
    fn large_counts_stay_right() {
        // The median of a gamma distribution is its shape less a third, and a little.
        close(gamma_quantile(1e6, 0.5), 1e6 - 1.0 / 3.0, 1e-3);
        // A beta distribution of a million each is normal with a deviation of 0.5 / sqrt(2e6).
        close(beta_below(1e6, 1e6, 0.5), 0.5, 1e-9);
        let deviation = 0.5 / 2e6f64.sqrt();
        close(beta_below(1e6, 1e6, 0.5 - 1.959_963_985 * deviation), 0.025, 1e-6);
    }
}
