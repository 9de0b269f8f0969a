use std::collections::BTreeMap;

/// Whole numbers, and how often each was seen.
pub struct Sample(BTreeMap<u32, u64>);

impl Sample {
    pub fn new(counts: impl IntoIterator<Item = (u32, u64)>) -> Sample {
        Sample(counts.into_iter().collect())
    }

    pub fn n(&self) -> f64 {
        self.0.values().sum::<u64>() as f64
    }

    fn mean_of(&self, of: impl Fn(f64) -> f64) -> f64 {
        self.0.iter().map(|(&value, &count)| of(f64::from(value)) * count as f64).sum::<f64>() / self.n()
    }

    pub fn mean(&self) -> f64 {
        self.mean_of(|value| value)
    }

    /// The standard error of the mean, as it is found in the sample.
    pub fn standard_error(&self) -> f64 {
        let mean = self.mean();
        (self.mean_of(|value| (value - mean).powi(2)) / (self.n() - 1.0)).sqrt()
    }

    /// The share of a value.
    pub fn share(&self, value: u32) -> f64 {
        self.0.get(&value).map_or(0.0, |&count| count as f64) / self.n()
    }

    /// Whether the mean lies within three standard errors of what is expected, given the variance of one.
    pub fn mean_is(&self, name: &str, expected: f64, variance: f64) -> Result<(), String> {
        let (mean, n) = (self.mean(), self.n());
        let error = (variance / n).sqrt();
        let own = self.standard_error();
        let told = format!("{name}: {mean:.3}, expected {expected:.3} ± {error:.3} (own {own:.3}), n {n}");
        println!("{told}");
        if n < 200.0 {
            return Err(format!("too few: {told}"));
        }
        if (mean - expected).abs() > 3.0 * error { Err(told) } else { Ok(()) }
    }

    /// The distance from the geometric law of success `p` in χ², and what that exceeds with a chance of 0.0027 if the
    /// law holds. Values are put together from the upper end so that at least five are expected of each.
    pub fn geometric(&self, p: f64) -> (f64, f64) {
        let n = self.n();
        let (mut distance, mut bins, mut left, mut seen) = (0.0, 0, n, 0.0);
        let mut value = 1;
        // While what remains is enough for two.
        while left * p >= 5.0 && left * (1.0 - p) >= 5.0 {
            let (expected, count) = (left * p, self.share(value) * n);
            distance += (count - expected).powi(2) / expected;
            (left, seen, bins, value) = (left - expected, seen + count, bins + 1, value + 1);
        }
        distance += (n - seen - left).powi(2) / left;
        (distance, chi_square_bound(f64::from(bins)))
    }
}

/// What χ² of so many degrees of freedom exceeds with a chance of 0.0027 (Wilson and Hilferty).
fn chi_square_bound(freedom: f64) -> f64 {
    let variance = 2.0 / (9.0 * freedom);
    freedom * (1.0 - variance + 2.782 * variance.sqrt()).powi(3)
}

#[test]
fn the_sample_knows_its_mean_its_error_and_its_law() {
    let sample = Sample::new([(1, 500), (2, 250), (3, 125), (4, 125)]);
    assert_eq!((sample.n(), sample.mean(), sample.share(2)), (1_000.0, 1.875, 0.25));
    assert!((sample.standard_error() - 0.033).abs() < 0.001, "{}", sample.standard_error());
    // 9.21 is exceeded once in a hundred at two degrees of freedom, 11.83 at 0.0027.
    assert!((chi_square_bound(2.0) / 11.83 - 1.0).abs() < 0.02, "{}", chi_square_bound(2.0));
    assert!((chi_square_bound(8.0) / 23.57 - 1.0).abs() < 0.02, "{}", chi_square_bound(8.0));
    let halves = Sample::new((1..=10).map(|value| (value, 1_024 >> value)));
    let ((near, bound), (far, _)) = (halves.geometric(0.5), halves.geometric(0.4));
    assert!(near < 0.1 * bound && far > bound, "{near} {far} {bound}");
}
