/// As many points as a line has at most: more than there are pixels tell nothing.
const MOST: usize = 600;

/// The points, or of many those that matter: of each bucket the least and the most, and whether it has a gap.
pub fn sampled(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= MOST {
        return points.to_vec();
    }
    // Up to three of each, and both ends.
    let size = points.len().div_ceil(MOST / 3 - 1);
    let mut kept = vec![points[0]];
    for bucket in points[1..points.len() - 1].chunks(size) {
        let by_y = |one: &&(f64, f64), other: &&(f64, f64)| one.1.total_cmp(&other.1);
        let told = || bucket.iter().filter(|point| !point.1.is_nan());
        let gap = bucket.iter().find(|point| point.1.is_nan());
        let mut own: Vec<(f64, f64)> =
            [told().min_by(by_y), told().max_by(by_y), gap].into_iter().flatten().copied().collect();
        own.sort_by(|one, other| one.0.total_cmp(&other.0));
        own.dedup();
        kept.extend(own);
    }
    kept.push(points[points.len() - 1]);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_points_become_few_that_keep_their_peaks_and_gaps() {
        let mut points: Vec<(f64, f64)> = (0..50_000).map(|x| (f64::from(x), 1.0)).collect();
        points[12_345].1 = 9.0;
        points[23_456].1 = -9.0;
        points[34_567].1 = f64::NAN;
        let kept = sampled(&points);
        assert!(kept.len() <= MOST, "{}", kept.len());
        assert!(kept.contains(&(12_345.0, 9.0)) && kept.contains(&(23_456.0, -9.0)));
        assert_eq!(kept.iter().filter(|point| point.1.is_nan()).count(), 1);
        assert!(kept.is_sorted_by(|one, next| one.0 <= next.0));
        assert_eq!((kept[0].0, kept[kept.len() - 1].0), (0.0, 49_999.0));
        assert_eq!(sampled(&points[..600]).len(), 600);
    }
}
