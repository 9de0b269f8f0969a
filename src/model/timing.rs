use std::time::{Duration, Instant};

/// The three instants of one operation; every latency is a difference of two of them.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// When the plan wanted it to start. In a closed loop, `started`.
    pub intended: Instant,
    pub started: Instant,
    pub finished: Instant,
}

impl Timing {
    /// What a user waits: from the intended start, so that our own lateness counts (Tene, wrk2).
    pub fn response(&self) -> Duration {
        self.finished.saturating_duration_since(self.intended)
    }

    /// What the strategy and the stores took.
    pub fn service(&self) -> Duration {
        self.finished.saturating_duration_since(self.started)
    }

    /// How late the harness itself was.
    pub fn lag(&self) -> Duration {
        self.started.saturating_duration_since(self.intended)
    }
}

/// Whole nanoseconds of a duration, as histograms record them.
pub fn nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(u64::from(duration.subsec_nanos()))
}
