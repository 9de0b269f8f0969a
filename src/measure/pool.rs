use std::time::Duration;

use hdrhistogram::Histogram;

use super::latencies::add;
use super::{Metrics, Unit};

/// How statements came by the connections of the database.
pub struct PoolUse {
    /// Waits for a connection, in nanoseconds.
    pub(super) waits: Histogram<u64>,
    /// The most statements in flight at once.
    pub peak_active: u64,
    /// How long at least one statement waited.
    pub(super) saturated: Duration,
}

impl PoolUse {
    /// With that of another instance; the peaks add up, as they may have come together.
    pub fn merged(mut self, other: PoolUse) -> PoolUse {
        add(&mut self.waits, &other.waits);
        self.peak_active += other.peak_active;
        self.saturated += other.saturated;
        self
    }

    /// Adds it to the metrics of a measurement that `instances` took part in for `elapsed`.
    pub fn tell(&self, metrics: &mut Metrics, instances: usize, elapsed: Duration) {
        if !self.waits.is_empty() {
            metrics.put_latency("db.pool_wait", &self.waits);
        }
        metrics.put("db.peak_active", self.peak_active as f64, Unit::Count);
        let share = self.saturated.as_secs_f64() / (instances as f64 * elapsed.as_secs_f64());
        // The drain that follows may wait too.
        metrics.put("db.pool_saturated", share.min(1.0), Unit::Ratio);
    }
}
