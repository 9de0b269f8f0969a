//! Statistics of a few repeats.

/// The 97.5 % quantiles of Student's t distribution, by degrees of freedom from 1.
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];
/// That of the normal distribution, for more.
const NORMAL: f64 = 1.960;

/// The mean, and how far from it the true mean is at most with 95 % confidence, if the values are normal; one value
/// tells no interval, and none no mean.
pub fn mean_and_interval(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let count = values.len() as f64;
    let mean = (!values.is_empty()).then(|| values.iter().sum::<f64>() / count)?;
    if values.len() < 2 {
        return Some((mean, None));
    }
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let student = STUDENT.get(values.len() - 2).copied().unwrap_or(NORMAL);
    Some((mean, Some(student * (variance / count).sqrt())))
}

/// The middle of the values, or the mean of the two in the middle; nothing of none.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len() % 2 == 1 { upper } else { (values[middle - 1] + upper) / 2.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_it() {
        assert_eq!(
            [vec![], vec![3.0], vec![4.0, 1.0], vec![9.0, 1.0, 2.0]].map(median),
            [None, Some(3.0), Some(2.5), Some(2.0)]
        );
    }

    #[test]
    fn the_interval_is_students() {
        assert_eq!(mean_and_interval(&[]), None);
        assert_eq!(mean_and_interval(&[0.5]), Some((0.5, None)));
        assert_eq!(mean_and_interval(&[0.5, 0.5, 0.5]), Some((0.5, Some(0.0))));
        // A standard deviation of 1, so a standard error of 1/√3; 4.303 of them at 2 degrees of freedom.
        let (mean, within) = mean_and_interval(&[1.0, 2.0, 3.0]).unwrap();
        assert!((mean - 2.0).abs() < 1e-12 && (within.unwrap() - 4.303 / 3f64.sqrt()).abs() < 1e-9);
        let many: Vec<f64> = (0..40).map(f64::from).collect();
        assert!(mean_and_interval(&many).unwrap().1.unwrap() < 2.0 * 11.7 / 40f64.sqrt());
    }
}
