use std::time::{Duration, Instant};

/// How far a run is, and since when.
#[derive(Default)]
pub struct Course {
    /// The measurement under way, from 1, repeats counted, and how many there are; 0 of 0 before the first.
    pub order: usize,
    pub total: usize,
    run_began: Option<Instant>,
    cell_began: Option<Instant>,
    /// What the phases of the first measurement are expected to take together.
    planned: Duration,
}

impl Course {
    /// A measurement begins.
    pub fn begin(&mut self, order: usize, total: usize, now: Instant) {
        self.run_began.get_or_insert(now);
        self.cell_began = Some(now);
        (self.order, self.total) = (order, total);
    }

    /// A phase begins that is expected to take so long.
    pub fn plan(&mut self, expected: Duration) {
        self.planned += expected;
    }

    /// Measurements that have ended.
    pub fn done(&self) -> usize {
        self.order.saturating_sub(1)
    }

    /// How long the rest may take: from what the measurements so far took or, in the first, from its plan. Nothing where
    /// that is not known.
    pub fn left(&self, now: Instant) -> Option<Duration> {
        let (run, cell) = (self.run_began?, self.cell_began?);
        let each = match self.done() {
            0 => self.planned,
            done => cell.duration_since(run).div_f64(done as f64),
        };
        let rest = each.saturating_mul(self.total.saturating_sub(self.done()) as u32);
        let left = rest.saturating_sub(now.duration_since(cell));
        (left.as_secs() > 0).then_some(left)
    }
}

/// A time to wait, as people say it.
pub fn told(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=90 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_told_from_the_plan_and_then_from_what_was_measured() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut course = Course::default();
        assert_eq!(course.left(start), None);
        course.begin(1, 3, start);
        assert_eq!(course.left(start), None, "nothing is planned yet");
        course.plan(Duration::from_secs(10));
        assert_eq!(course.left(after(4)), Some(Duration::from_secs(26)));
        course.begin(2, 3, after(20));
        assert_eq!(course.left(after(25)), Some(Duration::from_secs(35)));
        assert_eq!(course.left(after(70)), None, "it takes longer than was thought");
    }

    #[test]
    fn long_times_are_told_in_minutes() {
        assert_eq!(
            [59, 90, 91, 240].map(|s| told(Duration::from_secs(s))),
            ["59 s", "90 s", "2 min", "4 min"]
        );
    }
}
