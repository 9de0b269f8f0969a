use crate::measure::Window;

/// How many operations had been done when: from the windows of a drive, evenly within each.
pub struct Progress {
    /// Seconds and operations at the end of each window, from nothing on.
    points: Vec<(f64, f64)>,
}

impl Progress {
    pub fn of(windows: &[Window]) -> Progress {
        let mut points = vec![(0.0, 0.0)];
        let mut done = 0.0;
        for window in windows {
            done += window.metrics.get("operations").unwrap_or(0.0);
            points.push((window.at_s + window.length_s, done));
        }
        Progress { points }
    }

    /// Operations that had been done so many seconds after the start.
    pub fn at(&self, seconds: f64) -> u64 {
        between(&self.points, seconds, |point| *point) as u64
    }

    /// When so many operations had been done.
    pub fn when(&self, operations: u64) -> f64 {
        between(&self.points, operations as f64, |(seconds, done)| (*done, *seconds))
    }
}

/// The second coordinate where the first is `x`, on the line through the points.
fn between(points: &[(f64, f64)], x: f64, coordinates: impl Fn(&(f64, f64)) -> (f64, f64)) -> f64 {
    let next = points.partition_point(|point| coordinates(point).0 < x);
    let Some(end) = points.get(next) else {
        return points.last().map_or(0.0, |last| coordinates(last).1);
    };
    let Some(start) = next.checked_sub(1).map(|before| coordinates(&points[before])) else {
        return coordinates(end).1;
    };
    let end = coordinates(end);
    start.1 + (end.1 - start.1) * (x - start.0) / (end.0 - start.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Metrics, Unit};

    #[test]
    fn operations_and_times_stand_for_each_other() {
        let window = |at_s, operations| {
            let mut metrics = Metrics::default();
            metrics.put("operations", operations, Unit::Count);
            Window { at_s, length_s: 1.0, metrics }
        };
        let progress = Progress::of(&[window(0.0, 100.0), window(1.0, 300.0)]);
        for (seconds, operations) in [(0.0, 0), (0.5, 50), (1.0, 100), (1.5, 250), (2.0, 400)] {
            assert_eq!(progress.at(seconds), operations);
            assert!((progress.when(operations) - seconds).abs() < 1e-9);
        }
        assert_eq!((progress.at(9.0), progress.when(900)), (400, 2.0));
    }
}
