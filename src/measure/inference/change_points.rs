use super::distribution::student_tail;

/// Points that are looked at together; a window begins in the middle of the one before it.
const WINDOW: usize = 50;
/// At which p a change is told.
const ALPHA: f64 = 0.001;
/// At which it is looked into: what lies beside a change is told apart better once the others are known.
const WEAK: f64 = 10.0 * ALPHA;
/// Fewer points than these on either side tell no level: a single outlier is no change.
const SIDE: usize = 3;

/// Where a series changes its level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// The first point of the new level, from 0.
    pub index: usize,
    /// The means from the change before this one to it, and from it to the next.
    pub before: f64,
    pub after: f64,
    /// Of Student's t-test between the two, two-sided.
    pub p: f64,
}

/// Where a series changes its level: E-divisive (Matteson and James 2014), with Student's t-test in place of
/// permutations, so that the same series always has the same changes, in windows, and merged (Fleming and others 2023).
///
/// Beyond what they do, three points are required on either side.
pub fn change_points(series: &[f64]) -> Vec<ChangePoint> {
    let mut found = weak(series);
    loop {
        let tested: Vec<ChangePoint> = found.iter().map(|&index| tested(series, &found, index)).collect();
        let weakest = tested.iter().max_by(|one, other| one.p.total_cmp(&other.p));
        match weakest {
            Some(weakest) if weakest.p > ALPHA => found.retain(|index| *index != weakest.index),
            _ => return tested,
        }
    }
}

/// The changes of every window, in order.
fn weak(series: &[f64]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < series.len() {
        let end = series.len().min(start + WINDOW);
        let within = divided(&series[start..end]);
        let last = within.last().map_or(0, |index| start + index);
        found.extend(within.into_iter().map(|index| start + index));
        start = last.max(start + WINDOW / 2);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The changes of one window: the likeliest place of all stretches between known ones, as long as it is significant.
fn divided(window: &[f64]) -> Vec<usize> {
    let distances = Distances::of(window);
    let mut found: Vec<usize> = Vec::new();
    loop {
        let ends: Vec<usize> = [0].into_iter().chain(found.iter().copied()).chain([window.len()]).collect();
        let candidates = ends.windows(2).filter_map(|ends| distances.likeliest(ends[0], ends[1]));
        let Some((_, index)) = candidates.max_by(|one, other| one.0.total_cmp(&other.0)) else {
            return found;
        };
        let place = found.partition_point(|known| *known < index);
        let (start, end) = (ends[place], ends[place + 1]);
        if student(&window[start..index], &window[index..end]) > WEAK {
            return found;
        }
        found.insert(place, index);
    }
}

/// The test between the neighbours of a change.
fn tested(series: &[f64], found: &[usize], index: usize) -> ChangePoint {
    let start = found.iter().rev().find(|other| **other < index).copied().unwrap_or(0);
    let end = found.iter().find(|other| **other > index).copied().unwrap_or(series.len());
    let (before, after) = (&series[start..index], &series[index..end]);
    ChangePoint { index, before: mean(before), after: mean(after), p: student(before, after) }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The two-sided p of Student's t-test with one variance for both sides; 1 where a side is too short.
fn student(before: &[f64], after: &[f64]) -> f64 {
    if before.len() < SIDE || after.len() < SIDE {
        return 1.0;
    }
    let (mean_before, mean_after) = (mean(before), mean(after));
    let difference = (mean_after - mean_before).abs();
    if difference == 0.0 {
        return 1.0;
    }
    let squares = |values: &[f64], mean: f64| values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let degrees = (before.len() + after.len() - 2) as f64;
    let variance = (squares(before, mean_before) + squares(after, mean_after)) / degrees;
    let error = (variance * (1.0 / before.len() as f64 + 1.0 / after.len() as f64)).sqrt();
    2.0 * student_tail(difference / error, degrees)
}

/// How far the points of a window are from each other: sums over rectangles of all distances.
struct Distances {
    /// Of the first rows and columns.
    sums: Vec<Vec<f64>>,
}

impl Distances {
    fn of(window: &[f64]) -> Distances {
        let mut sums = vec![vec![0.0; window.len() + 1]; window.len() + 1];
        for (row, one) in window.iter().enumerate() {
            for (column, other) in window.iter().enumerate() {
                sums[row + 1][column + 1] =
                    sums[row][column + 1] + sums[row + 1][column] - sums[row][column] + (one - other).abs();
            }
        }
        Distances { sums }
    }

    /// The sum of distances between two stretches.
    fn between(&self, one: (usize, usize), other: (usize, usize)) -> f64 {
        let sums = &self.sums;
        sums[one.1][other.1] - sums[one.0][other.1] - sums[one.1][other.0] + sums[one.0][other.0]
    }

    /// The mean distance of two points of a stretch.
    fn within(&self, stretch: (usize, usize)) -> f64 {
        let points = (stretch.1 - stretch.0) as f64;
        self.between(stretch, stretch) / (points * (points - 1.0))
    }

    /// Where `start..end` falls apart most, and by how much: the scaled energy distance of what is before and what is
    /// after, which may end before `end`.
    fn likeliest(&self, start: usize, end: usize) -> Option<(f64, usize)> {
        let mut best: Option<(f64, usize)> = None;
        for index in start + SIDE..(end + 1).saturating_sub(SIDE) {
            for until in index + SIDE..=end {
                let (before, after) = ((start, index), (index, until));
                let (left, right) = ((index - start) as f64, (until - index) as f64);
                let apart = 2.0 * self.between(before, after) / (left * right);
                let q = left * right / (left + right) * (apart - self.within(before) - self.within(after));
                if best.is_none_or(|(most, _)| q > most) {
                    best = Some((q, index));
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::inference::simulated::Noise;

    /// Levels with so many points each, and noise of this deviation.
    fn series(levels: &[(f64, usize)], deviation: f64, seed: u64) -> Vec<f64> {
        let mut noise = Noise::new(seed);
        let steps = levels.iter().flat_map(|&(level, points)| std::iter::repeat_n(level, points));
        steps.map(|level| level + deviation * noise.normal()).collect()
    }

    fn places(series: &[f64]) -> Vec<usize> {
        change_points(series).into_iter().map(|point| point.index).collect()
    }

    #[test]
    fn a_step_is_found_at_its_place_with_both_levels() {
        for (points, before) in [(40, 20), (60, 50), (150, 70), (150, 120)] {
            let found = change_points(&series(&[(100.0, before), (110.0, points - before)], 1.0, 7));
            assert_eq!(found.len(), 1, "{found:?}");
            let step = found[0];
            assert!(step.index.abs_diff(before) <= 1, "{step:?}");
            assert!((step.before - 100.0).abs() < 1.0 && (step.after - 110.0).abs() < 1.0 && step.p < 1e-6);
        }
    }

    #[test]
    fn two_steps_are_found_and_a_step_without_noise_is() {
        let found = places(&series(&[(100.0, 30), (110.0, 30), (90.0, 40)], 1.0, 3));
        assert_eq!(found, [30, 60]);
        assert_eq!(places(&series(&[(5.0, 10), (6.0, 10)], 0.0, 1)), [10]);
    }

    #[test]
    fn what_does_not_change_has_no_change() {
        assert_eq!(places(&[3.0; 120]), [0; 0]);
        for short in [&[][..], &[1.0], &[1.0, 9.0], &[1.0, 1.0, 9.0, 9.0]] {
            assert_eq!(places(short), [0; 0]);
        }
        let noisy = (0..100).filter(|&seed| !places(&series(&[(100.0, 60)], 5.0, seed)).is_empty()).count();
        assert!(noisy <= 5, "{noisy} of 100 series of noise");
    }

    #[test]
    fn an_outlier_or_two_are_no_change() {
        for at in [1, 25, 49, 50, 74, 98, 99] {
            let mut outlier = series(&[(100.0, 100)], 1.0, 5);
            outlier[at] = 130.0;
            assert_eq!(places(&outlier), [0; 0], "{at}");
        }
        let mut control = series(&[(100.0, 100)], 1.0, 5);
        control[95..].iter_mut().for_each(|value| *value += 30.0);
        assert_eq!(places(&control), [95], "five points are a level");
    }

    /// Sums of twelve draws of a plain linear congruential generator, less six.
    fn congruential(levels: &[(f64, usize)], deviation: f64, seed: u64) -> Vec<f64> {
        let mut state = seed;
        let mut draw = || {
            state = (state * 1_103_515_245 + 12_345) % (1 << 31);
            state as f64 / (1u64 << 31) as f64
        };
        let steps = levels.iter().flat_map(|&(level, points)| std::iter::repeat_n(level, points));
        steps.map(|level| level + deviation * ((0..12).map(|_| draw()).sum::<f64>() - 6.0)).collect()
    }

    #[test]
    fn the_places_are_those_that_otava_finds() {
        // By Apache Otava 0.8.0, with its defaults, where it does not tell levels of one or two points.
        for (seed, levels, deviation, expected) in [
            (1, &[(100.0, 40), (103.0, 35), (101.0, 60), (110.0, 20)][..], 1.0, &[40, 75, 135][..]),
            (3, &[(50.0, 10), (55.0, 10), (50.0, 10), (55.0, 120)], 2.0, &[30]),
            (4, &[(100.0, 120)], 3.0, &[]),
            (5, &[(100.0, 30), (98.5, 30), (100.0, 30), (101.5, 30), (100.0, 30)], 1.0, &[42, 61, 92, 119]),
            (6, &[(10.0, 45), (10.9, 8), (10.0, 60)], 0.5, &[43, 53]),
        ] {
            assert_eq!(places(&congruential(levels, deviation, seed)), expected, "{seed}");
        }
    }
}
