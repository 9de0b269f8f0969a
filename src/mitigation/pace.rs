use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::coherence::Pauses;
use crate::traffic::{Random, Stream};

/// How often those look who wait for the load of another in this service instance.
pub struct Pace {
    /// What a load takes here, in microseconds, weighted towards the last ones; 0 before the first.
    load_us: AtomicU64,
    seed: u64,
    drawn: AtomicU64,
}

impl Pace {
    pub fn new(seed: u64, instance: usize) -> Pace {
        // Instances draw from places of one stream that are far apart.
        Pace { load_us: AtomicU64::new(0), seed, drawn: AtomicU64::new((instance as u64) << 40) }
    }

    /// A load took so long.
    pub fn note(&self, took: Duration) {
        let (took, old) = (took.as_micros() as u64, self.load_us.load(Relaxed));
        // One that is lost to another noted at the same time is no loss.
        self.load_us.store(if old == 0 { took } else { (7 * old + took) / 8 }, Relaxed);
    }

    /// The pauses of one who begins to wait.
    pub fn pauses(&self) -> Pauses {
        let first = Duration::from_micros((self.load_us.load(Relaxed) / 4).clamp(1_000, 5_000));
        let random = Random::new(self.seed, Stream::Guard, self.drawn.fetch_add(1, Relaxed));
        Pauses::new(first, random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_with_the_load_and_with_the_wait_and_stay_below_fifty_milliseconds() {
        let pace = Pace::new(1, 0);
        assert_eq!(pace.pauses().bound, Duration::from_millis(1));
        pace.note(Duration::from_millis(12));
        assert_eq!(pace.pauses().bound, Duration::from_millis(3));
        pace.note(Duration::from_secs(9));
        let mut pauses = pace.pauses();
        assert_eq!(pauses.bound, Duration::from_millis(5));
        let all: Vec<Duration> = (0..100).map(|_| pauses.next()).collect();
        assert!(all.iter().all(|pause| !pause.is_zero() && *pause <= Pauses::LONGEST));
        assert!(all[4..].iter().any(|pause| *pause < Pauses::LONGEST / 2));
    }
}
