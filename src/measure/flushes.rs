use hdrhistogram::Histogram;

use super::latencies::{add, histogram};
use super::metric::OPERATIONS_BEYOND_IN_WINDOW;
use super::{Metrics, Unit};

/// How long acknowledged writes waited for the database, in nanoseconds.
#[derive(Debug)]
pub struct Flushes {
    /// From the first write of a row since its last flush until it was stored.
    pub(super) lag: Histogram<u64>,
    /// The age of the oldest write that waits, sampled.
    pub(super) age: Histogram<u64>,
}

impl Default for Flushes {
    fn default() -> Flushes {
        Flushes { lag: histogram(), age: histogram() }
    }
}

impl Flushes {
    /// With what another instance has seen.
    pub fn merged(mut self, other: Flushes) -> Flushes {
        add(&mut self.lag, &other.lag);
        add(&mut self.age, &other.age);
        self
    }

    /// Adds it to the metrics, and how many writes went with each row that was flushed.
    pub fn tell(&self, metrics: &mut Metrics, writes: u64, rows: u64) {
        if !self.lag.is_empty() {
            metrics.put_latency("flush_lag", &self.lag);
        }
        if !self.age.is_empty() {
            metrics.put_latency_beyond("dirty_age", &self.age, OPERATIONS_BEYOND_IN_WINDOW);
        }
        metrics.put("coalescing", writes as f64 / rows as f64, Unit::Ratio);
    }
}
