use hdrhistogram::Histogram;

use super::latencies::{add, histogram};
use super::{Metrics, TallyCounts, Unit};

/// What a guard against stampedes did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardEvent {
    /// A load that others may join.
    Led,
    /// A caller served by the load of another.
    Joined,
    /// Answered from an entry past its freshness (RFC 5861).
    StaleServed,
    /// Turned away to spare the database.
    Shed,
    /// One look for the value while waiting.
    Polled,
    /// A lock or lease asked for and got.
    Acquired,
    /// A lock or lease asked for and not got.
    Denied,
    /// A holder found at its release that the lock was no longer its own.
    LostLock,
    /// Waited for as long as allowed.
    GaveUp,
    /// A refresh behind the callers' backs.
    RefreshedBehind,
}

impl GuardEvent {
    pub const ALL: [GuardEvent; 10] = [
        GuardEvent::Led,
        GuardEvent::Joined,
        GuardEvent::StaleServed,
        GuardEvent::Shed,
        GuardEvent::Polled,
        GuardEvent::Acquired,
        GuardEvent::Denied,
        GuardEvent::LostLock,
        GuardEvent::GaveUp,
        GuardEvent::RefreshedBehind,
    ];
}

impl TallyCounts {
    /// Adds what guards did to the metrics, if they did anything.
    pub(super) fn tell_guards(&self, metrics: &mut Metrics) {
        if self.all_guard_events() == 0 {
            return;
        }
        let (led, joined) = (self.guard(GuardEvent::Led), self.guard(GuardEvent::Joined));
        // Under a lock or a lease alone, who gets it leads.
        let led = if led > 0 { led } else { self.guard(GuardEvent::Acquired) };
        metrics.put("guard.joins", joined as f64, Unit::Count);
        metrics.put("guard.coalescing", joined as f64 / (joined + led) as f64, Unit::Ratio);
        for (name, event) in [
            ("guard.stale_served", GuardEvent::StaleServed),
            ("guard.shed", GuardEvent::Shed),
            ("guard.lost_locks", GuardEvent::LostLock),
            ("guard.gave_up", GuardEvent::GaveUp),
            ("guard.refreshed_behind", GuardEvent::RefreshedBehind),
        ] {
            metrics.put(name, self.guard(event) as f64, Unit::Count);
        }
    }
}

/// How long callers waited for somebody else's load, in nanoseconds.
#[derive(Debug)]
pub struct GuardWaits(pub(super) Histogram<u64>);

impl Default for GuardWaits {
    fn default() -> GuardWaits {
        GuardWaits(histogram())
    }
}

impl GuardWaits {
    /// With those of another instance.
    pub fn merged(mut self, other: GuardWaits) -> GuardWaits {
        add(&mut self.0, &other.0);
        self
    }

    /// Adds them to the metrics, and how often each looked for the value.
    pub fn tell(&self, metrics: &mut Metrics, polls: u64) {
        if !self.0.is_empty() {
            metrics.put_latency("guard.wait", &self.0);
            metrics.put("guard.polls_per_wait", polls as f64 / self.0.len() as f64, Unit::Ratio);
        }
    }
}
