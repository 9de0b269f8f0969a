use std::ops::Add;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

use super::nanos;

/// An instant of the monotonic clock, in nanoseconds: what the hot path tells times by.
///
/// A whole number rather than [`std::time::Instant`], because an operation takes several differences of instants, and
/// a difference of whole numbers costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    pub fn now() -> Moment {
        // Fails only on a machine without a monotonic clock, on which nothing could be measured.
        let now =
            clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every supported system has a monotonic clock");
        Moment((now.tv_sec() as u64) * 1_000_000_000 + now.tv_nsec() as u64)
    }

    /// Nanoseconds since an earlier moment; 0 if it is a later one.
    pub fn since(self, earlier: Moment) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// How long until this moment; zero once it has come.
    pub fn left(self) -> Duration {
        Duration::from_nanos(self.since(Moment::now()))
    }

    /// The moment that [`Moment::to_bits`] was told of.
    pub fn from_bits(bits: u64) -> Moment {
        Moment(bits)
    }

    /// Nanoseconds since some fixed time, never 0: for keeping a moment in an atomic.
    pub fn to_bits(self) -> u64 {
        self.0.max(1)
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, time: Duration) -> Moment {
        Moment(self.0.saturating_add(nanos(time)))
    }
}

/// Microseconds of Unix time, for what outlives this process.
pub fn unix_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_follow_each_other() {
        let (one, other) = (Moment::now(), Moment::now());
        assert!(one <= other);
        let later = one + Duration::from_millis(3);
        assert_eq!((later.since(one), one.since(later)), (3_000_000, 0));
        assert_eq!(one.left(), Duration::ZERO);
    }
}
