use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::{Metrics, Unit};

/// How many reads were fresh so long after an acknowledgement: the probability of t-visibility (Bailis et al.,
/// "Probabilistically Bounded Staleness", VLDB 2012), by delay.
#[derive(Debug, Default)]
pub struct Visibility([Probes; Visibility::DELAYS.len()]);

/// Those after one delay.
#[derive(Debug, Default)]
struct Probes {
    fresh: AtomicU64,
    all: AtomicU64,
}

impl Visibility {
    /// How long after an acknowledgement a row is read again.
    pub const DELAYS: [Duration; 5] = [
        Duration::ZERO,
        Duration::from_millis(10),
        Duration::from_millis(100),
        Duration::from_secs(1),
        Duration::from_secs(10),
    ];

    const NAMES: [&str; Visibility::DELAYS.len()] = ["0ms", "10ms", "100ms", "1s", "10s"];

    /// Counts a probe after the delay of this place.
    pub fn count(&self, place: usize, is_fresh: bool) {
        let probes = &self.0[place];
        probes.fresh.fetch_add(u64::from(is_fresh), Relaxed);
        probes.all.fetch_add(1, Relaxed);
    }

    /// The share that was fresh after the delay of this place; nothing without a probe.
    pub fn share(&self, place: usize) -> Option<f64> {
        let probes = &self.0[place];
        let all = probes.all.load(Relaxed);
        (all > 0).then(|| probes.fresh.load(Relaxed) as f64 / all as f64)
    }

    /// All probes.
    pub fn probes(&self) -> u64 {
        self.0.iter().map(|probes| probes.all.load(Relaxed)).sum()
    }

    /// Adds the shares to the metrics.
    pub fn tell(&self, metrics: &mut Metrics) {
        metrics.put("probes", self.probes() as f64, Unit::Count);
        for (place, name) in Visibility::NAMES.iter().enumerate() {
            if let Some(share) = self.share(place) {
                metrics.put(format!("fresh_at.{name}"), share, Unit::Ratio);
            }
        }
    }
}
