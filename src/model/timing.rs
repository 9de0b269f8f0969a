use std::time::Duration;

use super::Moment;

/// The three moments of one operation; every latency is a difference of two of them, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// When the plan wanted it to start. In a closed loop, `started`.
    pub intended: Moment,
    pub started: Moment,
    pub finished: Moment,
}

impl Timing {
    /// What a user waits: from the intended start, so that our own lateness counts (Tene, wrk2).
    pub fn response(&self) -> u64 {
        self.finished.since(self.intended)
    }

    /// What the strategy and the stores took.
    pub fn service(&self) -> u64 {
        self.finished.since(self.started)
    }

    /// How late the harness itself was.
    pub fn lag(&self) -> u64 {
        self.started.since(self.intended)
    }
}

/// Whole nanoseconds of a duration, as histograms record them.
pub fn nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(u64::from(duration.subsec_nanos()))
}
