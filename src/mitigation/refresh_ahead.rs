use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use schemars::JsonSchema;
use serde::Deserialize;

use super::in_flight::InFlight;
use super::{Expiry, Hit, Lifetime, Mitigation, Parts, Wish};
use crate::measure::theory;
use crate::model::Value;
use crate::registry::{self, Entry, OptionsError};

pub const ENTRY: Entry<dyn Mitigation, Parts> = Entry {
    name: "refresh-ahead",
    summary: "an entry read repeatedly near the end of its TTL is loaded anew behind the callers' backs",
    options: registry::schema_of::<Options>,
    build: |options, parts| {
        let Options { factor, hot } = registry::options(options)?;
        if !(factor > 0.0 && factor < 1.0) {
            return Err(OptionsError(format!("factor must be above 0 and below 1, it is {factor}")));
        }
        if hot == 0 {
            return Err(OptionsError("hot must be at least 1: an access starts the refresh".into()));
        }
        let window_us = parts.needed_ttl(ENTRY.name)?.mul_f64(1.0 - factor).as_micros() as u64;
        let (seen, refreshing) = (Accesses::default(), InFlight::default());
        Ok(Box::new(RefreshAhead { window_us, hot, seen, refreshing }))
    },
};

#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// The share of the TTL after which the window begins in which an entry is refreshed.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    factor: f64,
    /// The access in that window, to one entry through one service instance, with which the row counts as hot and is
    /// refreshed. Rows that are read less often expire.
    #[schemars(range(min = 1))]
    hot: u16,
}

impl Default for Options {
    fn default() -> Options {
        Options { factor: 0.8, hot: 2 }
    }
}

/// Refresh-ahead as in Oracle Coherence, and like Caffeine's `refreshAfterWrite`: an access starts it, no timer.
///
/// Accesses before the window are not counted, so that they cost nothing.
struct RefreshAhead {
    /// Microseconds before the expiry.
    window_us: u64,
    hot: u16,
    seen: Accesses,
    refreshing: InFlight,
}

/// Counts accesses to entries, in bounded memory: an entry that falls on the place of another takes it over, and the
/// other's count begins anew. So it may count too few, never too many but for one in 2^48.
struct Accesses(Box<[AtomicU64]>);

/// Places, 8 bytes each.
const PLACES: usize = 8_192;
/// The lower bits hold the count, those above tell the entry.
const COUNT: u64 = 0xffff;

impl Default for Accesses {
    fn default() -> Accesses {
        Accesses((0..PLACES).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Accesses {
    /// Counts an access to the entry of a row; says how many there were. A new expiry is a new entry.
    fn count(&self, row: u64, expires_at_us: u64) -> u64 {
        // Fibonacci hashing; the place comes from the row alone, so that an entry takes its predecessor's.
        let row = row.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let entry = (row ^ expires_at_us.wrapping_mul(0xd6e8_feb8_6659_fd93)) & !COUNT;
        let seen = &self.0[(row >> 51) as usize % PLACES];
        let next =
            |old: u64| if old & !COUNT == entry { old + u64::from(old & COUNT < COUNT) } else { entry | 1 };
        let mut old = seen.load(Relaxed);
        loop {
            match seen.compare_exchange_weak(old, next(old), Relaxed, Relaxed) {
                Ok(_) => return next(old) & COUNT,
                Err(other) => old = other,
            }
        }
    }
}

impl Mitigation for RefreshAhead {
    fn lifetime(&self, _: &Value, life: &mut Lifetime) {
        life.stamped = true;
    }

    fn on_hit(&self, hit: &Hit<'_>) -> Option<Wish> {
        // That a row is not there may be remembered for less than the window.
        let left = hit.fresh_us().filter(|&us| us > 0 && !hit.value.tombstone)?;
        if left.unsigned_abs() >= self.window_us {
            return None;
        }
        let hot = self.seen.count(hit.key.id(), hit.value.expires_at_us) >= u64::from(self.hot);
        hot.then(|| self.refreshing.wish(hit.key))
    }

    /// Where the first access is enough, or there is one instance: else it depends on what each has counted already.
    fn loads_per_expiry(&self, expiry: &Expiry) -> Option<f64> {
        let Expiry { reads_per_s, load_s, instances, .. } = *expiry;
        let known = self.hot == 1 || instances == 1;
        known.then(|| theory::loads_per_expiry_single_flight(reads_per_s, load_s, instances))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::mitigation::tests::{build, hit, refused};

    const TTL: Option<Duration> = Some(Duration::from_secs(10));

    fn with(options: &str) -> String {
        format!(r#"{{"refresh-ahead": {options}}}"#)
    }

    #[test]
    fn the_access_that_makes_a_row_hot_refreshes_it_once_in_an_instance() {
        let instances = [(); 2].map(|()| build(&with(r#"{"hot": 3}"#), TTL));
        let flights = instances.map(|guard| {
            let read = || hit(&*guard, 1_900_000, 0);
            assert!(read().is_none() && read().is_none());
            let Some(Wish::Behind(Some(flight))) = read() else { panic!() };
            assert!((0..9).all(|_| matches!(read(), Some(Wish::Serve))));
            flight
        });
        assert_eq!(flights.len(), 2);
    }

    #[test]
    fn only_accesses_in_the_window_count_and_each_entry_has_its_own() {
        let guard = build(&with("{}"), TTL);
        assert!((0..9).all(|_| hit(&*guard, 2_000_001, 0).is_none() && hit(&*guard, 0, 0).is_none()));
        assert!(hit(&*guard, 1_999_000, 0).is_none());
        // Another expiry: the row has been loaded anew.
        assert!(hit(&*guard, 1_998_000, 0).is_none());
        assert!(matches!(hit(&*guard, 1_998_000, 0), Some(Wish::Behind(_))));
    }

    #[test]
    fn accesses_are_counted_apart_as_far_as_they_go() {
        let seen = Accesses::default();
        for times in 1..=3 {
            assert!((0..20).all(|row| seen.count(row, 9) == times));
        }
        assert_eq!((0..70_000).fold(0, |_, _| seen.count(1, 8)), COUNT);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(refused(r#""refresh-ahead""#, None).contains("refresh-ahead needs cache.ttl"));
        for options in [r#"{"factor": 0}"#, r#"{"factor": 1}"#, r#"{"factor": 1.5}"#, r#"{"hot": 0}"#] {
            refused(&with(options), TTL);
        }
    }
}
